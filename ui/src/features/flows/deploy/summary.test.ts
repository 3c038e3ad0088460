import { describe, expect, it } from 'vitest'
import type { Outline, OutlineStep } from '@/api/types'
import { touchedBy } from './summary'

const step = (kind: string, more: Partial<OutlineStep> = {}): OutlineStep => ({ id: kind, name: null, kind, sentence: '', line: 1, ...more })
const outline = (...steps: OutlineStep[]) => ({ steps, finally: [], rules: [], limits: [], parameters: [] }) as unknown as Outline
const wiring = { source: 'PSU_01', sink: 'LOAD_01', voltage: { source: 'DMM_01.cell_v' }, current: { source: null, charge: 'PSU_01.i_out', discharge: 'LOAD_01.load_i' }, temp: { source: 'DMM_01.cell_temp' } }

describe('what a start touches', () => {
  it('names devices once, with what they do', () => expect(touchedBy(outline(step('rest')), wiring).map((one) => [one.device, one.roles])).toEqual([['PSU_01', ['supply', 'meter']], ['LOAD_01', ['load', 'meter']], ['DMM_01', ['meter']]]))
  it('switches on only what steps drive, also inside loops', () => {
    const found = touchedBy(outline(step('repeat', { children: [step('charge'), step('rest')] }), step('discharge', { enabled: false })), wiring)
    expect(found.map((one) => one.by)).toEqual([['charge'], [], []])
  })
  it('holds both outputs for possible where the direction stands in the values', () => expect(touchedBy(outline(step('pulse')), wiring).slice(0, 2).map((one) => one.by)).toEqual([['pulse'], ['pulse']]))
  it('gets along without a load', () => expect(touchedBy(outline(step('charge')), { ...wiring, sink: null, current: null, voltage: null, temp: null })).toEqual([{ device: 'PSU_01', roles: ['supply'], by: ['charge'] }]))
})
