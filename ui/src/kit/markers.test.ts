import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Marker } from '@/api/types'
import { useMarkers } from '@/stores/markers'
import { useToasts } from '@/stores/toasts'
import { useMarkerRemoval } from './markers'

const region: Marker = { id: 3, timestamp: 100, ends: 160, session_id: 1, device_id: 'psu', label: 'Fan', color: '#2f9e6e', notes: 'loud' }

afterEach(() => vi.unstubAllGlobals())

describe('a removed marker', () => {
  it.each([['region', region], ['moment', { ...region, ends: null, device_id: null }]])('that is a %s comes back as it was', async (_kind, marker) => {
    const kept = new Map([[marker.id, marker]])
    vi.stubGlobal('fetch', (url: string, { method, body }: RequestInit) => {
      const id = Number(url.split('/').at(-1))
      if (method === 'DELETE') return Promise.resolve(new Response(kept.delete(id) ? '' : '{}', { status: 200 }))
      const { label, ...said } = JSON.parse(String(body)) as Partial<Marker> // the server's own values where nothing is said
      const added: Marker = { id: 4, session_id: 1, ends: null, device_id: null, color: '#f59e0b', notes: '', timestamp: 999, ...said, label: label ?? '' }
      kept.set(added.id, added)
      return Promise.resolve(new Response(JSON.stringify(added)))
    })
    useMarkers().apply(marker)
    await useMarkerRemoval((label) => `${label} is gone`).run(marker)
    expect([useMarkers().list, [...kept]]).toEqual([[], []])
    const offer = useToasts().list[0]
    expect(offer?.message).toBe('Fan is gone')
    offer?.action?.run()
    await vi.waitFor(() => expect(useMarkers().list).toEqual([{ ...marker, id: 4 }]))
    expect([...kept.values()]).toEqual([{ ...marker, id: 4 }])
  })
})
