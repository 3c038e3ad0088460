import { describe, expect, it } from 'vitest'
import type { RunStep } from '@/api/types'
import { readGraph } from '../model/read'
import { marksAt, placeAt } from './trace'

const text = 'version: 1\nid: a\nsequence:\n  - repeat: 2\n    do:\n      - {id: up, rest: 1 min}\n  - {id: down, rest: 1 min}\n  - {id: never, rest: 1 min}\n'
const keys = new Map([['up', 'sequence/0/do/0'], ['down', 'sequence/1'], ['never', 'sequence/2']])
const step = (step_id: string, started: number, ended: number | null, verdict = 'pass') => ({ step_id, started, ended, verdict, ended_by: 'time', end_value: null }) as RunStep
const steps = [step('up', 100, 110), step('up', 110, 120), step('down', 120, 130, 'fail')]
const words = { endOf: (one: RunStep) => String(one.ended_by), round: (n: number) => `round ${n}`, skipped: 'not reached' }
const marks = (place: number) => Object.fromEntries(marksAt(readGraph(text), keys, steps, place, words))

describe('the trace of a run', () => {
  it('shows the step under way and nothing of what comes later', () => expect(marks(0)).toEqual({ 'sequence/0/do/0': { state: 'running' } }))
  it('counts rounds of a step in a loop', () => expect(marks(1)).toEqual({ 'sequence/0/do/0': { state: 'running', note: 'round 2' } }))
  it('tells at the end what failed and what was never reached', () => expect(marks(3)).toEqual({
    'sequence/0/do/0': { state: 'passed', note: 'round 2 · time' },
    'sequence/1': { state: 'failed', note: 'time' },
    'sequence/2': { state: 'skipped', note: 'not reached' },
  }))
  it('finds the step at a time of the slider', () => expect([0, 9, 10, 29, 30].map((at) => placeAt(steps, 100, at))).toEqual([0, 0, 1, 2, 3]))
  it('stays in a step that has not ended', () => expect(placeAt([step('up', 100, null)], 100, 500)).toBe(0))
})
