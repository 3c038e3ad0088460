import { describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/api/client'
import type { Alarm, Device, Run, RunPrompt, Session } from '@/api/types'
import { useAlarms } from './alarms'
import { useBench } from './bench'
import { useDevices } from './devices'
import { eventHandlers } from './live'
import { useMarkers } from './markers'
import { useRuns } from './runs'
import { forgetSamples, onSamples, onWishes, receiveSamples, sampleOf, want } from './samples'
import { useToasts } from './toasts'

const alarm = (over: Partial<Alarm>): Alarm =>
  ({ id: 1, key: 'a', timestamp: 1, severity: 'warning', text: 't', state: 'active_unacked', acknowledged: false, ...over }) as Alarm

describe('questions of a run', () => {
  const ask = (since: number) => ({ step: 'weigh', text: 'How heavy?', since }) as RunPrompt
  const run = (prompts: RunPrompt[], state = 'running') => ({ id: 'r', state, prompts }) as unknown as Run
  const open = () => useRuns().byId.r?.prompts?.map((prompt) => prompt.since)

  it('stay while an older event of the run knows nothing of them', () => {
    const runs = useRuns()
    runs.put(run([]))
    runs.notePrompt({ ...ask(1), run: 'r', event: 'asked' })
    runs.put(run([]))
    expect(open()).toEqual([1])
  })
  it('do not come back by an older event once they are over, and are asked anew', () => {
    const runs = useRuns()
    runs.put(run([ask(1)]))
    runs.notePrompt({ ...ask(1), run: 'r', event: 'closed' })
    runs.put(run([ask(1)]))
    expect(open()).toEqual([])
    runs.notePrompt({ ...ask(2), run: 'r', event: 'asked' })
    runs.put(run([ask(1)]))
    expect(open()).toEqual([2])
  })
  it('are over with the run', () => {
    const runs = useRuns()
    runs.put(run([]))
    runs.notePrompt({ ...ask(1), run: 'r', event: 'asked' })
    runs.put(run([], 'finished'))
    expect(open()).toEqual([])
  })
})

describe('alarms', () => {
  it('puts the worst first and counts what is not acknowledged', () => {
    const alarms = useAlarms()
    alarms.adopt([alarm({ key: 'a' }), alarm({ key: 'b', severity: 'critical', acknowledged: true })])
    expect(alarms.list.map((item) => item.key)).toEqual(['b', 'a'])
    expect([alarms.count, alarms.unacked, alarms.worst]).toEqual([2, 1, 'critical'])
  })
  it('replaces an alarm by its key and drops it when it is normal again', () => {
    const alarms = useAlarms()
    alarms.put(alarm({ id: 1 }))
    alarms.put(alarm({ id: 2, state: 'cleared_unacked' }))
    expect(alarms.list.map((item) => item.id)).toEqual([2])
    alarms.put(alarm({ id: 2, state: 'normal' }))
    expect(alarms.count).toBe(0)
  })
})

describe('devices', () => {
  it('lets events tell the state, though the answer to a request comes after them', () => {
    const devices = useDevices()
    devices.put({ id: 'A', state: 'online', hint: '', alias: 'old' } as Device)
    devices.answer({ id: 'A', state: 'connecting', hint: 'x', alias: 'new' } as Device)
    expect(devices.byId.A).toMatchObject({ state: 'online', hint: '', alias: 'new' })
    devices.answer({ id: 'B', state: 'connecting' } as Device)
    expect(devices.byId.B?.state).toBe('connecting')
  })
})

describe('events', () => {
  const send = (name: string, payload: unknown) => eventHandlers()[name]?.(payload as never)

  it('keep state and hint of a device', () => {
    const devices = useDevices()
    devices.adopt([{ id: 'PSU_01', state: 'online', hint: null, enabled: true, values: {} } as unknown as Device])
    send('device_state', { device_id: 'PSU_01', state: 'offline', hint: 'no answer' })
    expect(devices.byId.PSU_01).toMatchObject({ state: 'offline', hint: 'no answer', enabled: true })
    expect(devices.troubled).toHaveLength(1)
    send('device_removed', { device_id: 'PSU_01' })
    expect(devices.list).toEqual([])
  })
  it('about an unknown device are harmless', () => {
    send('device_state', { device_id: 'X', state: 'online' })
    expect(useDevices().list).toEqual([])
  })
  it('end the recording when the session is complete', () => {
    const bench = useBench()
    send('session', { id: 1, status: 'running' } as Session)
    expect(bench.recording).toBe(true)
    send('session', { id: 1, status: 'completed' } as Session)
    expect(bench.recording).toBe(false)
  })
  it('show the active run until it is finished', () => {
    const runs = useRuns()
    send('run', { id: 7, state: 'running', started: 5 } as Run)
    expect(runs.active?.id).toBe(7)
    send('run', { id: 7, state: 'finished', started: 5 } as Run)
    expect(runs.active).toBeNull()
  })
  it('set and remove markers in the order of time', () => {
    const markers = useMarkers()
    send('marker', { id: 2, timestamp: 20, action: 'added' })
    send('marker', { id: 1, timestamp: 10, action: 'added' })
    expect(markers.list.map((marker) => marker.id)).toEqual([1, 2])
    send('marker', { id: 2, timestamp: 20, action: 'deleted' })
    expect(markers.list.map((marker) => marker.id)).toEqual([1])
  })
  it('show the panic latch', () => {
    send('panic', { pressed: true })
    expect(useBench().latch.pressed).toBe(true)
  })
})

describe('samples', () => {
  it('announce the union of all wishes and take them back', async () => {
    const announced: string[][] = []
    onWishes((points) => announced.push(points))
    const first = want(['a', 'b'])
    const second = want(['b', 'c'])
    await Promise.resolve()
    expect(announced.at(-1)).toEqual(['a', 'b', 'c'])
    first()
    first()
    await Promise.resolve()
    expect(announced.at(-1)).toEqual(['b', 'c'])
    second()
    await Promise.resolve()
    expect(announced.at(-1)).toEqual([])
  })
  it('keep the latest and tell the listeners', () => {
    const heard = vi.fn()
    const stop = onSamples(heard)
    receiveSamples({ 'PSU_01.u': [4.2, 10, 'good', 'NORMAL'] })
    stop()
    receiveSamples({ 'PSU_01.u': [4.3, 11, 'stale', 'HI'] })
    expect(heard).toHaveBeenCalledTimes(1)
    expect(sampleOf('PSU_01.u')).toEqual({ value: 4.3, timestamp: 11, quality: 'stale', alarm: 'HI' })
    forgetSamples()
    expect(sampleOf('PSU_01.u')).toBeUndefined()
  })
  it('of a manifest never replace newer ones', () => {
    receiveSamples({ 'PSU_01.u': [4.3, 11, 'good', 'NORMAL'] })
    useDevices().put({ id: 'PSU_01', values: { u: { value: 1, timestamp: 5, quality: 'good', alarm_state: 'NORMAL' } } } as unknown as Device)
    expect(sampleOf('PSU_01.u')?.value).toBe(4.3)
  })
})

describe('toasts', () => {
  it('show message, hint and code of a server error once', () => {
    const toasts = useToasts()
    const error = new ApiError(409, { code: 'OWNED', message: 'held by run 7', hint: 'stop it' })
    toasts.error(error)
    toasts.error(error)
    expect(toasts.list).toHaveLength(1)
    expect(toasts.list[0]).toMatchObject({ kind: 'error', message: 'held by run 7', hint: 'stop it', code: 'OWNED' })
  })
})

describe('runs', () => {
  it('are not set back by the late answer to their start', () => {
    const runs = useRuns()
    const run = (state: string) => ({ id: 'a', state }) as unknown as Run
    runs.put(run('running'))
    runs.begin(run('starting'))
    expect(runs.byId.a?.state).toBe('running')
  })
})
