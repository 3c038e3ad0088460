/** Filters of the list of runs, and the figures of a comparison. */
import { describe, expect, it } from 'vitest'
import type { Run, RunCycle } from '@/api/types'
import { cycleFigures, matches } from './filter'

const run = (more: Partial<Run>): Run => ({ id: '7f', title: 'Capacity check', sequence: 'capacity-check', state: 'finished', verdict: 'pass', message: '', bindings: { cell_id: '25R-08' }, conditions: { operator: 'Ada' }, ...more }) as Run
const cycle = (number: number, discharge: number, ce: number | null, partial = false) => ({ cycle: number, discharge_ah: discharge, ce, partial }) as RunCycle

describe('matches', () => {
  const text = (words: string) => matches(run({}), { text: words, state: '' })
  it('finds all words anywhere: title, cell, operator', () => {
    expect([text('capacity 25r'), text('ADA'), text(''), text('capacity bob')]).toEqual([true, true, true, false])
  })
  it('takes a state, a verdict, or everything under way', () => {
    const at = (state: string, more: Partial<Run>) => matches(run(more), { text: '', state })
    expect(at('pass', {})).toBe(true)
    expect(at('pass', { state: 'running', verdict: 'pass' })).toBe(false)
    expect(at('under_way', { state: 'held' })).toBe(true)
    expect(at('held', { state: 'running' })).toBe(false)
  })
})

describe('cycleFigures', () => {
  it('joins runs of different length on one axis', () => {
    const found = cycleFigures([[cycle(1, 2.5, null), cycle(2, 2.49, 0.998)], [cycle(2, 2.4, 0.99), cycle(3, 2.39, 0.99)]])
    expect(found.cycles).toEqual([1, 2, 3])
    expect(found.capacity).toEqual([[2.5, 2.49, null], [null, 2.4, 2.39]])
    expect(found.efficiency[0]).toEqual([null, 99.8, null])
  })
  it('leaves partial cycles out', () => {
    expect(cycleFigures([[cycle(1, 0.3, null, true)]]).cycles).toEqual([])
  })
})
