import { describe, expect, it } from 'vitest'
import type { History, RunStep, Session } from '@/api/types'
import { AT_START, commonNames, zeroOf } from './align'
import { aligned, placeAt, splice, tableOf } from './curves'
import { firstPoints, fits, pointsOf } from './points'

const history = (part: Partial<History>): History => ({ device: 'PSU_01', start: 0, end: 0, resolution_s: 0, t: [], series: {}, ...part })
const session = (part: Partial<Session>): Session => ({ id: 1, name: 'Ageing', created: 100, stopped: 200, status: 'completed', conditions: { cell: 'A12' }, notes: '', tags: ['lfp'], keep: false, ...part })

describe('curves', () => {
  it('keeps minimum and maximum of each bucket, in the order the mean goes', () => {
    const table = tableOf(history({ resolution_s: 4, t: [2, 6, 10], series: { u: { min: [1, 2, 0], max: [3, 5, 2], avg: [2, 4, 1] } } }), ['u'])
    expect(table.t).toEqual([1, 3, 5, 7, 9, 11])
    expect(table.columns[0]).toEqual([1, 3, 5, 2, 2, 0])
  })
  it('leaves samples as they are and turns switches into numbers', () => {
    const table = tableOf(history({ t: [1, 2], series: { on: { v: [true as never, null] } } }), ['on', 'gone'])
    expect(table).toEqual({ t: [1, 2], columns: [[1, null], [null, null]] })
  })
  it('puts the finer part in the place of the coarse one', () => {
    const coarse = { t: [0, 10, 20, 30], columns: [[0, 1, 2, 3]] }
    expect(splice(coarse, { t: [12, 14, 18], columns: [[7, 8, 9]] }, [10, 20])).toEqual({ t: [0, 12, 14, 18, 20, 30], columns: [[0, 7, 8, 9, 2, 3]] })
    expect(splice(coarse, null, null)).toBe(coarse)
  })
  it.each([[-1, 0], [0, 0], [15, 2], [99, 4]])('finds the place of %s', (time, place) => expect(placeAt([0, 10, 20, 30], time)).toBe(place))
  it('moves each recording by its zero', () => {
    const join = (tables: unknown[]) => tables.flat() as never
    expect(aligned([{ table: { t: [100, 110], columns: [[1, 2]] }, zero: 100 }], join)).toEqual([[0, 10], [1, 2]])
    expect(aligned([{ table: { t: [100], columns: [[1]] }, zero: 100 }, { table: { t: [307], columns: [[2]] }, zero: 300 }], join)).toEqual([[0], [1], [7], [2]])
  })
})

describe('alignment', () => {
  const story = { session: session({}), markers: [{ id: 1, timestamp: 140, session_id: 1, device_id: null, ends: null, label: 'Fan', color: null, notes: '' }], steps: [{ title: '', step_id: 'charge', started: 120 } as RunStep, { title: '', step_id: 'charge', started: 160 } as RunStep] }
  it.each([
    [AT_START, 100],
    [{ kind: 'marker', name: 'Fan' }, 140],
    [{ kind: 'step', name: 'charge' }, 120],
    [{ kind: 'step', name: 'rest' }, null],
  ] as const)('%j is at %s', (alignment, zero) => expect(zeroOf(story, alignment)).toBe(zero))
  it('offers what at least two recordings share', () => {
    const other = { ...story, markers: [], steps: story.steps.slice(0, 1) }
    expect(commonNames([story, other], ({ steps }) => steps.map((step) => step.step_id))).toEqual(['charge'])
    expect(commonNames([story, other], ({ markers }) => markers.map((marker) => marker.label))).toEqual([])
  })
})

describe('points and sessions', () => {
  const recorded = [{ device: 'GONE', first: 0, last: 1, rows: 2, entities: [{ id: 'u', kind: 'numeric', unit: 'V' }, { id: 'word', kind: 'text', unit: '' }] }]
  it('offers what was recorded, also of a device that is gone, but no texts', () => {
    const points = pointsOf(recorded, [], (id) => id)
    expect(points.map((point) => point.label)).toEqual(['GONE u'])
    expect(firstPoints(points)).toEqual(['GONE/u'])
  })
  it.each([['age a12', '', true], ['LFP', 'lfp', true], ['nmc', '', false], ['', 'nmc', false], ['', '', true]])('finds %j with tag %j: %s', (words, tag, found) => expect(fits(session({}), words, tag)).toBe(found))
})
