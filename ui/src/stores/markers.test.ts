import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Marker } from '@/api/types'
import { useMarkers } from './markers'

const marker = (id: number): Marker => ({ id, timestamp: id, ends: null, session_id: null, device_id: null, label: `m${id}`, color: null, notes: '' })
const labels = () => useMarkers().list.map((item) => item.label)

beforeEach(() => setActivePinia(createPinia()))

describe('markers', () => {
  it('heard while the list was on its way are not lost by it', async () => {
    let answer: (response: Response) => void = () => undefined
    vi.stubGlobal('fetch', () => new Promise<Response>((resolve) => (answer = resolve)))
    const loaded = useMarkers().load()
    useMarkers().apply(marker(2))
    useMarkers().apply({ ...marker(1), action: 'deleted' })
    answer(new Response(JSON.stringify({ items: [marker(1)], total: 1 })))
    await loaded
    expect(labels()).toEqual(['m2'])
    vi.unstubAllGlobals()
  })
  it('of a recording come when it is looked at, once, and stay when all are loaded again', async () => {
    const asked: string[] = []
    vi.stubGlobal('fetch', (url: string) => {
      asked.push(url)
      const items = url.includes('session_id=7') ? [marker(1), marker(2)] : [marker(2), marker(9)]
      return Promise.resolve(new Response(JSON.stringify({ items, total: 2 })))
    })
    await useMarkers().load()
    await useMarkers().ensure(7)
    await useMarkers().ensure(7)
    expect(labels()).toEqual(['m1', 'm2', 'm9'])
    expect(asked).toHaveLength(2)
    await useMarkers().load()
    expect(labels()).toEqual(['m1', 'm2', 'm9'])
    useMarkers().forget()
    await useMarkers().load()
    expect(labels()).toEqual(['m2', 'm9'])
    vi.unstubAllGlobals()
  })
})
