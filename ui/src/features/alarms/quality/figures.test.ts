import { describe, expect, it } from 'vitest'
import { binned, gradeOf, sharesOf } from './figures'

const raised = (timestamp: number, over = {}) => ({ timestamp, transition: 'raised', overlay: '' as const, ...over })

describe('quality', () => {
  it('counts raised alarms in steps of time, empty ones as zero', () => {
    const bins = binned([raised(86_300), raised(86_399), raised(80_000), raised(86_350, { transition: 'cleared' }), raised(86_350, { overlay: 'shelved' })], 86_400, 1)
    expect(bins.width).toBe(600)
    expect(bins.t).toHaveLength(145)
    expect(bins.count.at(-2)).toBe(2)
    expect(bins.count.reduce((a, b) => a + b)).toBe(3)
  })
  it('leaves out what is older than the time asked for', () => {
    expect(binned([raised(0)], 30 * 86_400, 7).count.every((count) => count === 0)).toBe(true)
  })
  it.each([[0, 'ok'], [1, 'ok'], [1.2, 'warn'], [10, 'warn'], [10.1, 'bad']])('grades %d as %s', (rate, grade) => {
    expect(gradeOf(rate)).toBe(grade)
  })
  it('draws bars as shares of the largest', () => {
    expect(sharesOf([4, 2], (n) => n).map((bar) => bar.share)).toEqual([1, 0.5])
    expect(sharesOf([], () => 1)).toEqual([])
  })
})
