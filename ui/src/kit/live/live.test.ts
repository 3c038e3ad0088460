import { describe, expect, it } from 'vitest'
import type { Entity } from '@/api/types'
import { parseNumber } from '@/kit/parseNumber'
import { activeBits, remark, toneOf } from './readings'
import { SeriesBuffer } from './series'

describe('parseNumber', () => {
  it.each([
    ['4.2', 4.2],
    ['4,2', 4.2],
    ['−1.5', -1.5],
    ['+3', 3],
    ['.5', 0.5],
    ['1e-3', 0.001],
    ['', null],
    ['4.2V', null],
    ['1,000.5', null],
    ['NaN', null],
    ['Infinity', null],
    ['0x10', null],
  ])('%s is %s', (text, value) => expect(parseNumber(text)).toBe(value))
})

describe('SeriesBuffer', () => {
  const history = { device: 'PSU_01', start: 0, end: 4, resolution_s: 0, t: [0, 1, 2, 3, 4], series: { u: { v: [0, 1, 2, 3, 4] } } }

  it('joins history and live samples without a double and without a hole', () => {
    const buffer = new SeriesBuffer(['PSU_01.u'])
    buffer.append({ 'PSU_01.u': [30, 3, 'good', 'NORMAL'] })
    buffer.append({ 'PSU_01.u': [40, 4, 'good', 'NORMAL'] })
    buffer.prepend(history)
    expect(buffer.track('PSU_01.u')).toEqual({ t: [0, 1, 2, 3, 4], v: [0, 1, 2, 30, 40] })
  })
  it('drops samples that are not newer', () => {
    const buffer = new SeriesBuffer(['PSU_01.u'])
    buffer.prepend(history)
    expect(buffer.append({ 'PSU_01.u': [9, 4, 'good', 'NORMAL'] })).toBe(false)
    expect(buffer.append({ 'PSU_01.u': [9, 5, 'good', 'NORMAL'] })).toBe(true)
  })
  it('takes the stamps of each entity from live memory', () => {
    const buffer = new SeriesBuffer(['PSU_01.u', 'PSU_01.i'])
    buffer.prepend({ ...history, t: [], series: { u: { t: [1, 2], v: [5, 6] }, i: { t: [1.5], v: [7] } } })
    expect(buffer.track('PSU_01.u')).toEqual({ t: [1, 2], v: [5, 6] })
    expect(buffer.track('PSU_01.i')).toEqual({ t: [1.5], v: [7] })
  })
  it('takes the mean of condensed history', () => {
    const buffer = new SeriesBuffer(['PSU_01.u'])
    buffer.prepend({ ...history, series: { u: { min: [0, 0, 0, 0, 0], max: [9, 9, 9, 9, 9], avg: [5, 5, 5, 5, 5] } } })
    expect(buffer.track('PSU_01.u').v).toEqual([5, 5, 5, 5, 5])
  })
})

describe('readings', () => {
  const sample = { value: 1, timestamp: 0, quality: 'good', alarm: 'NORMAL' } as const
  it('says in words what a colour shows', () => {
    expect(toneOf({ ...sample, alarm: 'HIHI' })).toBe('bad')
    expect(remark({ ...sample, alarm: 'HIHI' })).toContain('too high')
    expect(remark({ ...sample, quality: 'stale' })).toContain('stale')
    expect(remark(sample)).toBe('')
  })
  it('names the bits that are set, also above bit 31', () => {
    const entity = { bits: [{ bit: 1, label: 'Open' }, { bit: 33, label: 'Far' }] } as Entity
    expect(activeBits(entity, 2)).toEqual(['Open'])
    expect(activeBits(entity, 2 ** 33)).toEqual(['Far'])
  })
})
