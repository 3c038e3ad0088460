/**
 * What a dashboard widget is. A new one is a folder `widgets/<type>/` with a `widget.ts` that exports a `WidgetKind` and
 * the component that draws it; nothing else has to be edited.
 */
import type { Component } from 'vue'
import type { Entity } from '@/api/types'

/** What a binding names: a point (`PSU_01.voltage`, `CH1.ah`), a device, a channel, a flow, a receiver, or plain text. */
export type SourceType = 'point' | 'device' | 'channel' | 'flow'

export interface Binding {
  source: string
  type: SourceType
}

export interface Layout {
  x: number
  y: number
  w: number
  h: number
}

/** A widget as `workspace.json` holds it. */
export interface Widget {
  id: string
  type: string
  title: string
  bindings: Record<string, Binding>
  layout: Layout
  options: Record<string, unknown>
}

/** One thing a widget can be bound to. A slot that is `many` takes any number: its bindings are `name1`, `name2`, … */
export interface Slot {
  name: string
  label: () => string
  type: SourceType
  many?: boolean
  optional?: boolean
  /** Kinds of entities that make sense here; all when left out. */
  kinds?: Entity['kind'][]
  /** Only points that can be written. */
  writable?: boolean
}

export interface WidgetKind {
  type: string
  order: number
  icon: string
  title: () => string
  /** One sentence for the wizard. */
  help: () => string
  /** Size in cells of the twelve-column grid. */
  size: { w: number; h: number; minW?: number; minH?: number }
  slots: Slot[]
  /** JSON Schema of `options`, drawn as a form; titles and descriptions are translated. */
  options: () => Record<string, unknown>
  /** It draws a heading of its own: the frame shows none while the page is only looked at. */
  bare?: boolean
  /** How well it fits a point that is dropped on the page, 0 not at all; the best one is taken. */
  fits?: (entity: Entity) => number
  component: () => Promise<{ default: Component }>
}

/** Props of every widget component. */
export interface WidgetProps {
  widget: Widget
}

/** The bindings of a slot, in the order of their numbers. */
export function boundTo(widget: Widget, slot: string): Binding[] {
  return Object.entries(widget.bindings)
    .filter(([name]) => name === slot || (name.startsWith(slot) && /^\d+$/.test(name.slice(slot.length))))
    .sort(([a], [b]) => Number(a.slice(slot.length)) - Number(b.slice(slot.length)))
    .map(([, binding]) => binding)
}
