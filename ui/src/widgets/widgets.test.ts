import { describe, expect, it } from 'vitest'
import type { Entity } from '@/api/types'
import { NO_LIMITS } from '@/kit/live/limits'
import { parseNumber } from '@/kit/parseNumber'
import { boundTo, type Widget } from './contract'
import { lackOf, taskOf, valueFor } from './button/actions'
import { judge, renewed } from './frame/address'
import { arc, gaugeBands, scaleOf, shareOf } from './gauge/scale'
import { widgetKinds } from './index'
import { lineOf, linesFor } from './log/lines'
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

describe('a framed page', () => {
  it.each([
    ['http://cam:8080/stream', true],
    ['http://cam:8080.evil.example/', false],
    ['https://cam:8080/', false],
    ['javascript:alert(1)', false],
    ['http://user@cam:8080/', false],
    ['cam', false],
    ['', false],
  ])('%s is loaded: %s', (url, ok) => expect(judge(url, ['http://cam:8080']).ok).toBe(ok))

  it('is loaded anew at another address', () => {
    expect(renewed('http://cam:8080/a?b=1', 3)).toBe('http://cam:8080/a?b=1&_=3')
  })
})

describe('a button', () => {
  it.each([
    [{ kind: 'numeric', min: 0, max: 5 }, '4,2', 4.2],
    [{ kind: 'numeric', min: 0, max: 5 }, '6', undefined],
    [{ kind: 'toggle' }, 'Off', false],
    [{ kind: 'toggle' }, 'maybe', undefined],
    [{ kind: 'enum', options: [{ key: 'cc', label: 'Constant current' }] }, 'Constant current', 'cc'],
    [{ kind: 'enum', options: [] }, 'cv', undefined],
    [{ kind: 'action' }, '', true],
  ])('%j takes %j as %j', (entity, text, value) => expect(valueFor(entity as Entity, text)).toBe(value))

  it('does what its bindings say when nobody chose', () => {
    const widget = { bindings: { flow: { source: 'cap', type: 'flow' } }, options: {} } as unknown as Widget
    expect(taskOf(widget).action).toBe('run_flow')
    expect(lackOf({ ...taskOf(widget), action: 'trigger_rule' })).toBe('goneRule')
  })
})

describe('a log', () => {
  const entry = (name: string, payload: Record<string, unknown>) => ({ id: 1, t: 0, name, payload })
  it('says in words what happened, and how grave it is', () => {
    expect(lineOf(entry('device_state', { device_id: 'PSU_01', state: 'offline', hint: 'no answer' }))).toMatchObject({ about: 'devices', severity: 'warning', text: 'PSU_01: offline · no answer' })
    expect(lineOf(entry('rule_fired', { id: 'flow/hot', outcome: 'done', actions: [{ result: { message: 'too warm' } }] })).text).toBe('Rule flow/hot · too warm')
    expect(lineOf(entry('something_new', { id: 7 })).text).toContain('something new')
  })
  it('shows only what was asked for', () => {
    const entries = [entry('marker', { label: 'Full' }), entry('mode', { mode: 'armed' })]
    expect(linesFor(entries, 'session', '')).toHaveLength(1)
    expect(linesFor(entries, 'all', 'ARMED')).toHaveLength(1)
  })
})
