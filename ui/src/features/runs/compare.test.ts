/** Filters of the list of runs, and the figures of a comparison. */
import { describe, expect, it } from 'vitest'
import type { RunCycle, RunStep } from '@/api/types'
import { commonPulse, figuresOf, loopCycles, onOneAxis, voltageAt } from './compare'
import { addressOf, askedOf, isNarrowed, NO_QUERY, queryOf } from './query'

const cycle = (number: number, discharge: number, ce: number | null, partial = false) => ({ cycle: number, discharge_ah: discharge, ce, ee: null, mean_v_discharge: null, partial }) as RunCycle
const pulse = (number: number, ...pairs: [number, number | null][]) => ({ cycle: number, dcir: pairs.map(([at_s, ohm]) => ({ at_s, ohm, direction: 'discharge', current: 1 })) }) as unknown as RunStep

describe('the filter of runs', () => {
  it('comes back out of the address as it was put in', () => {
    const query = { text: 'ada', state: 'pass', flow: 'capacity-check', channel: 'CH1', from: '2026-11-01', to: '2026-11-30', page: 3 }
    expect(queryOf(addressOf(query))).toEqual(query)
    expect(queryOf({ page: '-2', from: 'tomorrow', q: ['a'] })).toEqual(NO_QUERY)
    expect([isNarrowed({ ...NO_QUERY, page: 2 }), isNarrowed({ ...NO_QUERY, to: '2026-11-30' })]).toEqual([false, true])
  })
  it('asks for whole days and both ends of them', () => {
    const asked = askedOf({ ...NO_QUERY, from: '2026-11-21', to: '2026-11-21' })
    expect(Number(asked.until) - Number(asked.since)).toBeCloseTo(86_400, 0)
  })
  it('asks for a verdict of finished runs only, and leaves what is under way to the page', () => {
    expect(askedOf({ ...NO_QUERY, state: 'fail' })).toMatchObject({ state: 'finished', verdict: 'fail' })
    expect(askedOf({ ...NO_QUERY, state: 'under_way' })).not.toHaveProperty('verdict')
    expect(askedOf({ ...NO_QUERY, page: 3 })).toMatchObject({ limit: 50, offset: 100 })
  })
})

describe('figures by cycle', () => {
  it('joins runs of different length on one axis and leaves partial cycles out', () => {
    const runs = [{ steps: [], cycles: [cycle(1, 2.5, null), cycle(2, 2.49, 0.998)] }, { steps: [], cycles: [cycle(1, 0.3, null, true), cycle(2, 2.4, 0.99), cycle(3, 2.39, 0.99)] }]
    expect(figuresOf(runs, 'capacity')).toEqual({ cycles: [1, 2, 3], columns: [[2.5, 2.49, null], [null, 2.4, 2.39]] })
    expect(figuresOf(runs, 'ce').columns[0]).toEqual([99.8, null])
  })
  it('takes the resistance at the time that most runs have, as the mean of both directions', () => {
    const runs = [{ cycles: [], steps: [pulse(1, [1, 0.02], [10, 0.03]), pulse(1, [10, 0.05])] }, { cycles: [], steps: [pulse(1, [10, 0.06]), pulse(2, [10, null])] }]
    expect(commonPulse(runs)).toBe(10)
    expect(figuresOf(runs, 'dcir')).toEqual({ cycles: [1], columns: [[40], [60]] })
  })
})

describe('voltage over charge', () => {
  const loop = { ah: [0, 1, 2], voltage: [3, 4, 3.5] }
  it.each([[0, 3], [0.5, 3.5], [2, 3.5], [2.1, null], [-0.1, null]])('is at %d Ah %s V', (ah, volts) => expect(voltageAt(loop, ah)).toBe(volts))
  it('puts curves of different length on one axis, each only as far as it was measured', () => {
    const { ah, columns } = onOneAxis([loop, { ah: [0, 1], voltage: [3, 3.2] }])
    expect([ah[0], ah.at(-1)]).toEqual([0, 2])
    expect([columns[0]?.at(-1), columns[1]?.at(-1)]).toEqual([3.5, null])
  })
  it('offers the last cycle that all runs can draw', () => {
    const has = (...cycles: number[]) => ({ loops: cycles.map((one) => ({ cycle: one, step_id: '', kind: '', ah: [], voltage: [] })) })
    expect(loopCycles([has(1, 2, 9), has(1, 2)])).toEqual({ all: [1, 2, 9], common: 2 })
  })
})
