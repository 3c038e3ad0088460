import { describe, expect, it } from 'vitest'
import { cut, joined, merge, thin, withGaps, type Track } from './track'

const track = (...pairs: [number, number | null][]): Track => ({ t: pairs.map(([t]) => t), v: pairs.map(([, v]) => v) })

describe('a track', () => {
  it('keeps a sample beyond both edges when it is cut', () => {
    expect(cut(track([1, 1], [2, 2], [3, 3], [4, 4], [5, 5]), 2.5, 3.5).t).toEqual([2, 3, 4])
  })

  it('merges in order of time, and the newer one holds where both know a time', () => {
    expect(merge(track([1, 10], [2, 20], [4, 40]), track([2, 21], [3, 31]))).toEqual(track([1, 10], [2, 21], [3, 31], [4, 40]))
  })

  it('loses no peak and no hole when it is thinned', () => {
    const long = track(...Array.from({ length: 100 }, (_, at): [number, number | null] => [at, at === 37 ? 99 : at === 53 ? -99 : at === 71 ? null : 1]))
    const short = thin(long, 10)
    expect(short.t.length).toBeLessThan(30)
    expect(Math.max(...short.v.map((v) => v ?? 0))).toBe(99)
    expect(Math.min(...short.v.map((v) => v ?? 0))).toBe(-99)
    expect(short.v).toContain(null)
    expect([...short.t].sort((a, b) => a - b)).toEqual(short.t)
  })

  it('keeps its buckets when the view moves on', () => {
    const long = track(...Array.from({ length: 200 }, (_, at): [number, number] => [at, Math.sin(at)]))
    const before = thin(cut(long, 20, 120), 10)
    const after = thin(cut(long, 23, 123), 10)
    expect(after.t.filter((t) => t > 40 && t < 110)).toEqual(before.t.filter((t) => t > 40 && t < 110))
  })

  it.each([
    ['a pause among quick samples', [0, 1, 2, 3, 60, 61, 62], 1],
    ['slow samples', [0, 60, 120, 180], 0],
    ['a pace that changes', [0, 1, 2, 3, 60, 120, 180], 0],
    ['jitter', [0, 0.1, 0.2, 1.5, 1.6], 0],
  ])('%s: holes', (_name, times, holes) => {
    expect(withGaps({ t: times, v: times.map(() => 1) }).v.filter((v) => v === null)).toHaveLength(holes)
  })

  it('has no value where only another one has a sample', () => {
    expect(joined([track([1, 10], [3, 30]), track([2, 5], [3, null])])).toEqual([[1, 2, 3], [10, undefined, 30], [undefined, 5, null]])
  })
})
