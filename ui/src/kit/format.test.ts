import { describe, expect, it } from 'vitest'
import { formatAge, formatDuration, formatNumber, formatQuantity, formatSigned } from './format'

describe('formatNumber', () => {
  it.each([
    [3.70123, undefined, '3.701'],
    [0.0498, undefined, '0.04980'],
    [1234.56, undefined, '1,235'],
    [0, undefined, '0.000'],
    [4.2, 2, '4.20'],
    [-2.5, 3, '−2.500'],
    [-0.0001, 2, '0.00'],
    [null, 2, '–'],
    [Number.NaN, 2, '–'],
  ])('%s with precision %s reads %s', (value, precision, text) => {
    expect(formatNumber(value, precision, 'en')).toBe(text)
  })
  it('uses the decimal comma in German', () => {
    expect(formatNumber(3.7, 2, 'de')).toBe('3,70')
  })
})

describe('formatQuantity', () => {
  it('gives small values a readable prefix', () => {
    expect(formatQuantity(0.0498, 'A')).toBe('49.80 mA')
  })
  it('keeps the unit when a precision is asked for', () => {
    expect(formatQuantity(0.0498, 'A', 3)).toBe('0.050 A')
  })
  it('leaves units without prefix alone', () => {
    expect(formatQuantity(0.05, '°C', 2)).toBe('0.05 °C')
  })
})

describe('formatSigned', () => {
  it.each([
    [1.25, '+1.250'],
    [-1.25, '−1.250'],
    [0.0001, '0.000'],
    [0, '0.000'],
  ])('%s reads %s', (value, text) => expect(formatSigned(value, 3)).toBe(text))
})

describe('times', () => {
  it.each([
    [45, '45 s'],
    [725, '12:05'],
    [11_229, '3:07:09'],
    [187_800, '2 d 04:10'],
    [59.7, '1:00'],
    [null, '–'],
  ])('%s seconds read %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))
  it('never shows a negative age', () => expect(formatAge(-3)).toBe('0.0 s'))
  it('shows long ages in hours', () => expect(formatAge(7300)).toBe('2 h'))
})
