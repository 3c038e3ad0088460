import { describe, expect, it } from 'vitest'
import type { Device, History } from '@/api/types'
import { channelCurves, entitiesFor, spanAround } from './around'
import { joined } from './recent'

const entity = (id: string, over = {}) => ({ id, name: id, kind: 'numeric', access: 'RO', unit: 'V', precision: 2, ...over })

describe('the time around an alarm', () => {
  it('begins five minutes before and does not reach into the future', () => {
    expect(spanAround(1000, 1030)).toEqual({ start: 700, end: 1030 })
    expect(spanAround(1000, 9000)).toEqual({ start: 700, end: 1120 })
    expect(spanAround(1000, 900)).toEqual({ start: 700, end: 1001 })
  })
})

describe('curves', () => {
  const device = { entities: [entity('set', { access: 'RW' }), entity('u'), entity('name', { kind: 'text' }), entity('i'), entity('p'), entity('t')] } as unknown as Device
  it('of a limit begin with its own value', () => {
    expect(entitiesFor({ entity_id: 't' }, device).map((one) => one.id)).toEqual(['t', 'u', 'i'])
  })
  it('of an offline device are what it measured', () => {
    expect(entitiesFor({ entity_id: null }, device).map((one) => one.id)).toEqual(['u', 'i', 'p'])
    expect(entitiesFor({ entity_id: null }, undefined)).toEqual([])
  })
  it('without a device are those of a channel', () => {
    expect(channelCurves().map((one) => one.id)).toEqual(['voltage', 'current', 'temp'])
  })
  it('from memory come onto one axis, within the time', () => {
    const recent = { device: 'D', series: { u: { t: [1, 10, 12], v: [1, 2, 3] }, i: { t: [11], v: [5] } } } as unknown as History
    const all = joined(recent, ['u', 'i', 'x'], { start: 5, end: 20 })
    expect([all.t, all.series.u?.v, all.series.i?.v, all.series.x?.v]).toEqual([[10, 11, 12], [2, null, 3], [null, 5, null], [null, null, null]])
  })
})
