/** The overview as a page of widgets: a start for a page of one's own. */
import type { Device } from '@/api/types'
import type { Page } from '@/api/workspaces'
import type { Binding, Layout, Widget, WidgetKind } from '@/widgets/contract'
import { CELL_PX, COLUMNS, freePlace, newId } from './pages'

type Kinds = (type: string) => WidgetKind | undefined

/** Height of a card in pixels: its head and gaps, and a line for each value. */
const CARD_PX = 85
const LINE_PX = 32
const CARD_COLUMNS = 4

function made(type: string, layout: Layout, bindings: Record<string, Binding> = {}): Widget {
  return { id: newId('w'), type, title: '', bindings, layout, options: {} }
}

function placed(widgets: Widget[], type: string, size: { w: number; h: number }, bindings: Record<string, Binding>): void {
  widgets.push(made(type, freePlace(widgets, size.w, size.h), bindings))
}

const point = (source: string): Binding => ({ source, type: 'point' })

/** A card per device where there is such a widget, else its measured values. */
function ofDevice(widgets: Widget[], device: Device, kinds: Kinds): void {
  if (kinds('device')) {
    const h = Math.max(3, Math.ceil((CARD_PX + device.entities.length * LINE_PX) / CELL_PX))
    return placed(widgets, 'device', { w: CARD_COLUMNS, h }, { device: { source: device.id, type: 'device' } })
  }
  for (const entity of device.entities.filter((one) => one.access === 'RO').slice(0, 6)) placed(widgets, 'value', { w: 2, h: 2 }, { point: point(`${device.id}.${entity.id}`) })
}

export function generatedPage(title: string, devices: Device[], channels: string[], kinds: Kinds): Page {
  const widgets: Widget[] = []
  for (const channel of channels) {
    if (kinds('channel')) placed(widgets, 'channel', { w: COLUMNS, h: 4 }, { channel: { source: channel, type: 'channel' } })
  }
  const curves = channels.length ? channels.slice(0, 2).flatMap((channel) => ['voltage', 'current', 'temp'].map((name) => `${channel}.${name}`)) : devices.flatMap((device) => device.entities.filter((one) => one.kind === 'numeric' && one.access === 'RO').map((one) => `${device.id}.${one.id}`)).slice(0, 3)
  if (kinds('chart') && curves.length) placed(widgets, 'chart', { w: COLUMNS, h: 6 }, Object.fromEntries(curves.map((source, place) => [`point${place + 1}`, point(source)])))
  for (const device of devices) ofDevice(widgets, device, kinds)
  return { id: newId('p'), title, icon: '', widgets }
}
