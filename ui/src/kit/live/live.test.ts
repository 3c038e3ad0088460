import { describe, expect, it } from 'vitest'
import type { Entity } from '@/api/types'
import { parseNumber } from '@/kit/parseNumber'
import { activeBits, remark, toneOf } from './readings'

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
