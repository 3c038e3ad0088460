import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { http } from '@/api/client'
import { moment } from './moment'
import { useRuns } from './runs'
import { refusedNow } from './writes'

beforeEach(() => setActivePinia(createPinia()))
afterEach(() => void (moment.value = null))

describe('while the past is shown', () => {
  it.each([
    ['PUT', '/api/devices/PSU_01/entities/output', true],
    ['POST', '/api/runs', true],
    ['POST', '/api/runs/ab12/resume', true],
    ['POST', '/api/rules/night/export/trigger', true],
    ['POST', '/api/admin/panic', false],
    ['POST', '/api/runs/ab12/abort', false],
    ['POST', '/api/runs/check', false],
    ['POST', '/api/alarms/3/ack', false],
    ['POST', '/api/projects/active/markers', false],
    ['GET', '/api/devices/PSU_01/entities/output', false],
  ])('%s %s is refused: %s', (method, path, refused) => {
    expect(refusedNow(method, path)).toBeNull()
    moment.value = 1000
    expect(refusedNow(method, path)?.code ?? null).toBe(refused ? 'PLAYBACK' : null)
  })
  it('no such request leaves the page', async () => {
    moment.value = 1000
    await expect(http.put('/api/devices/PSU_01/entities/output', { value: true })).rejects.toMatchObject({ code: 'PLAYBACK' })
  })
  it('the run of that time is shown, and the active one again afterwards', () => {
    const runs = useRuns()
    runs.put({ id: 'now', state: 'running', started: 5 } as never)
    runs.past = [{ id: 'then', state: 'running' } as never]
    expect(runs.shown?.id).toBe('then')
    expect(runs.active?.id).toBe('now')
    runs.past = null
    expect(runs.shown?.id).toBe('now')
  })
})
