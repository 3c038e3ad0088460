import { describe, expect, it } from 'vitest'
import type { Entity } from '@/api/types'
import { NO_LIMITS } from '@/kit/live/limits'
import { parseNumber } from '@/kit/parseNumber'
import { boundTo, type Widget } from './contract'
import { arc, gaugeBands, scaleOf, shareOf } from './gauge/scale'
import { widgetKinds } from './index'
import { presetsOf, stepped } from './setpoint/values'
import { Spread } from './table/spread'

const volts = { unit: 'V', min: 0, max: 60, precision: 3 } as Entity
const free = { unit: 'V', min: null, max: null, precision: 3 } as Entity

describe('the kinds of widgets', () => {
  it.each(widgetKinds.map((kind) => [kind.type, kind] as const))('%s names and describes itself, and fits the grid', (_type, kind) => {
    expect(kind.title()).not.toBe('')
    expect(kind.help()).toMatch(/\.$/)
    expect(kind.size.w).toBeGreaterThanOrEqual(kind.size.minW ?? 1)
    expect(kind.size.w).toBeLessThanOrEqual(12)
    expect(kind.options()).toHaveProperty('properties')
  })
})

describe('bindings', () => {
  it('are read in the order of their numbers', () => {
    const binding = (source: string) => ({ source, type: 'point' as const })
    const widget = { bindings: { point10: binding('c'), point: binding('a'), point2: binding('b'), pointer: binding('x') } } as unknown as Widget
    expect(boundTo(widget, 'point').map((one) => one.source)).toEqual(['a', 'b', 'c'])
  })
})

describe('a set-point', () => {
  it('offers only values the device takes', () => {
    expect(presetsOf('3,7; 4.2; 70; x;', volts, parseNumber)).toEqual([3.7, 4.2])
  })
  it('steps from what the device has, without dust and never beyond its range', () => {
    expect(stepped(volts, 0.1, 0.2)).toBe(0.3)
    expect(stepped(volts, 59.95, 0.1)).toBe(60)
    expect(stepped(volts, 60, 0.1)).toBeNull()
    expect(stepped(volts, null, 0.1)).toBeNull()
  })
})

describe('a gauge', () => {
  it('takes the ends it is given, then those of the device, then the limits', () => {
    expect(scaleOf(volts, NO_LIMITS, { high: 5 })).toEqual({ low: 0, high: 5 })
    expect(scaleOf(volts, NO_LIMITS, {})).toEqual({ low: 0, high: 60 })
    const around = scaleOf(free, { lolo: 2, lo: 2.5, hi: 4, hihi: 4.2 }, {})
    expect(around.low).toBeLessThan(2)
    expect(around.high).toBeGreaterThan(4.2)
  })
  it('shows only bands that lie on its scale', () => {
    expect(gaugeBands({ lolo: -1, lo: 2, hi: 8, hihi: null }, { low: 0, high: 10 })).toEqual([{ from: 0, to: 0.2, tone: 'warn' }, { from: 0.8, to: 1, tone: 'warn' }])
  })
  it('never leaves its scale', () => {
    expect(shareOf(99, { low: 0, high: 10 })).toBe(1)
    expect(arc(0, 1, 40)).toMatch(/^M .* 0 1 1 /)
  })
})

describe('a table', () => {
  it('counts least, greatest and mean since it began, without bad values', () => {
    const spread = new Spread()
    for (const [value, quality] of [[2, 'good'], [4, 'good'], [999, 'bad'], [null, 'good']] as const) spread.note(['A.b'], { 'A.b': [value, 0, quality, 'NORMAL'] })
    expect(spread.of('A.b')).toEqual({ min: 2, max: 4, sum: 6, count: 2 })
    spread.clear()
    expect(spread.of('A.b')).toBeUndefined()
  })
})
