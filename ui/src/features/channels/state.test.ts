/** What a channel is doing, and which limit is nearest. */
import { describe, expect, it } from 'vitest'
import type { Run, RunLimit, RunLive } from '@/api/types'
import { activeRun, endsIn, lampOf, nearestLimit, queueOf, stateOf } from './state'

const run = (more: Partial<Run>): Run => ({ id: '1', state: 'running', verdict: 'not_set', bindings: { channel: 'CH1' }, live: null, ...more }) as Run
const limit = (quantity: string, value: number, unit = 'V'): RunLimit => ({ quantity, value, unit, origin: 'cell' })
const LIMITS = [limit('voltage_min', 2.4), limit('voltage_max', 4.25), limit('charge_current', 4, 'A'), limit('discharge_current', 20, 'A'), limit('charge_temp_max', 45, '°C'), limit('discharge_temp_max', 60, '°C')]

describe('state of a channel', () => {
  it('tells charge and discharge by the sign of the current', () => {
    expect(stateOf(run({ live: { current: 1 } }), null, false)).toBe('charging')
    expect(stateOf(run({ live: { current: -1 } }), null, false)).toBe('discharging')
    expect(stateOf(run({ live: { current: 0.001 } }), null, false)).toBe('resting')
  })
  it('puts first what waits for a person', () => {
    expect(stateOf(run({ state: 'held' }), null, false)).toBe('held')
    expect(stateOf(run({ prompts: [{}] as Run['prompts'], live: { current: 1 } }), null, false)).toBe('asks')
  })
  it('keeps telling of a failed run until the next one', () => {
    expect(stateOf(null, run({ state: 'finished', verdict: 'fail' }), false)).toBe('failed')
    expect(stateOf(null, run({ state: 'finished', verdict: 'pass' }), false)).toBe('idle')
    expect(stateOf(null, null, true)).toBe('broken')
  })
  it('tells runs of other channels and waiting ones apart', () => {
    const list = [run({ id: 'c', state: 'queued' }), run({ id: 'b', state: 'queued' }), run({ id: 'a' }), run({ id: 'x', bindings: { channel: 'CH2' } })]
    expect(activeRun(list, 'CH1')?.id).toBe('a')
    expect(queueOf(list, 'CH1').map((one) => one.id)).toEqual(['b', 'c'])
  })
})

describe('nearest limit', () => {
  const near = (live: RunLive) => nearestLimit(LIMITS, live)
  it('measures in the range of each limit', () => {
    const found = near({ voltage: 4.15, current: 1, temp: 30 })
    expect([found?.limit, found?.unit]).toEqual(['voltage_max', 'V'])
    expect(found?.margin).toBeCloseTo(0.1)
  })
  it('takes limits of the direction that flows only', () => {
    expect(near({ voltage: 3.5, current: -19.5, temp: 25 })?.limit).toBe('discharge_current')
    expect(near({ voltage: 3.5, current: 1, temp: 44 })).toMatchObject({ limit: 'temp_max', unit: 'K' })
  })
  it('is unknown without values', () => {
    expect(near({})).toBeNull()
    expect(nearestLimit(LIMITS, null)).toBeNull()
  })
})

it('tells when an end by time comes, and no other', () => {
  expect(endsIn({ next_end: { text: 'step.time > 2 min', actual: 90, limit: 120, fraction: 0.75 } })).toBe(30)
  expect(endsIn({ next_end: { text: 'voltage >= 4.2 V', actual: 4, limit: 4.2, fraction: 0.9 } })).toBeNull()
})

it('shows the lamp only when every protection reads back as wanted', () => {
  const ovp = { name: 'ovp', point: 'P.ovp', wanted: 4.3, achieved: 4.3, note: '' }
  expect(lampOf(run({ protections: [ovp] }))).toBe('armed')
  expect(lampOf(run({ protections: [ovp, { ...ovp, achieved: null }] }))).toBe('partly')
  expect([lampOf(null), lampOf(run({ protections: [] }))]).toEqual(['notArmed', 'notArmed'])
})
