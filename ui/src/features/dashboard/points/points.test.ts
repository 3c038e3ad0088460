import { describe, expect, it } from 'vitest'
import type { Device, Entity } from '@/api/types'
import type { WidgetKind } from '@/widgets/contract'
import { generatedPage } from '../model/generated'
import { missingSlot, sourcesOf, withSources } from '../wizard/draft'
import { matching, takes } from './catalogue'
import { bestKind } from './fitting'

const entity = (id: string, more: Partial<Entity> = {}): Entity => ({ id, name: id, kind: 'numeric', unit: 'V', access: 'RO', precision: 3, min: null, max: null, step: null, options: null, bits: null, group: null, role: null, danger: false, ...more })
const device = (id: string, ...entities: Entity[]) => ({ id, alias: `The ${id}`, category: 'psu', entities }) as unknown as Device
const kind = (type: string, more: Partial<WidgetKind> = {}) => ({ type, order: 1, slots: [], size: { w: 2, h: 2 }, ...more }) as unknown as WidgetKind

describe('points', () => {
  const points = [entity('u_out', { name: 'Output voltage' }), entity('i_out', { name: 'Output current', unit: 'A' })].map((one) => ({ point: `PSU.${one.id}`, device: device('PSU'), entity: one }))
  it('every word of a search must be found', () => {
    expect(matching(points, 'psu volt').map(({ point }) => point)).toEqual(['PSU.u_out'])
    expect(matching(points, 'psu ohm')).toEqual([])
  })
  it('a slot for outputs takes nothing that is only read', () => {
    expect(takes({ writable: true }, entity('u'))).toBe(false)
    expect(takes({ writable: true }, entity('u', { access: 'RW' }))).toBe(true)
    expect(takes({}, entity('reset', { kind: 'action' }))).toBe(false)
  })
  it('the kind that fits best is taken, of equal ones the first', () => {
    const kinds = [kind('a', { fits: () => 1 }), kind('b', { fits: () => 2 }), kind('c', { fits: () => 2 }), kind('d')]
    expect(bestKind(entity('u'), kinds)?.type).toBe('b')
    expect(bestKind(entity('u'), [kind('d')])).toBeNull()
  })
})

describe('the draft of a widget', () => {
  const many = { name: 'point', label: () => '', type: 'point' as const, many: true }
  const draft = { type: 'chart', title: '', bindings: { channel: { source: 'CH1', type: 'channel' as const } }, options: {} }
  it('keeps the order of many sources and leaves other slots alone', () => {
    const next = withSources(withSources(draft, many, ['a.x', 'b.y']), many, ['b.y', 'a.x', 'c.z'])
    expect(sourcesOf(next, many)).toEqual(['b.y', 'a.x', 'c.z'])
    expect(next.bindings.channel?.source).toBe('CH1')
  })
  it('names the slot that is missing', () => {
    expect(missingSlot(draft, [many])?.name).toBe('point')
    expect(missingSlot(draft, [{ ...many, optional: true }])).toBeNull()
  })
})

describe('the page of the overview', () => {
  const kinds = (types: string[]) => (type: string) => (types.includes(type) ? kind(type) : undefined)
  it('shows channels, curves and a card for each device without overlaps', () => {
    const { widgets } = generatedPage('P', [device('A', entity('x')), device('B', entity('y'))], ['CH1'], kinds(['channel', 'chart', 'device']))
    expect(widgets.map(({ type }) => type)).toEqual(['channel', 'chart', 'device', 'device'])
    const cells = widgets.flatMap(({ layout: { x, y, w, h } }) => Array.from({ length: w * h }, (_, place) => `${x + (place % w)}/${y + Math.floor(place / w)}`))
    expect(new Set(cells).size).toBe(cells.length)
  })
  it('shows measured values where there are no cards', () => {
    const { widgets } = generatedPage('P', [device('A', entity('x'), entity('set', { access: 'RW' }))], [], kinds(['value']))
    expect(widgets.map(({ bindings }) => bindings.point?.source)).toEqual(['A.x'])
  })
})
