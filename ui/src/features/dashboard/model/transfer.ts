/** A page or a widget as a JSON file: written to be read by people, and checked when it comes back. */
import type { Page } from '@/api/workspaces'
import type { Binding, Layout, Widget } from '@/widgets/contract'
import { COLUMNS, newId } from './pages'

const VERSION = 1

export type Imported = { page: Page } | { widget: Widget }

export const pageFile = (page: Page) => JSON.stringify({ ionpy: 'page', schema_version: VERSION, page }, null, 2)
export const widgetFile = (widget: Widget) => JSON.stringify({ ionpy: 'widget', schema_version: VERSION, widget }, null, 2)

/** Why a file is refused; the key of a message. */
export class NotOurs extends Error {
  constructor(readonly reason: 'notJson' | 'notOurs' | 'tooNew') {
    super(reason)
  }
}

type Node = Record<string, unknown>
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown, fallback = '') => (typeof value === 'string' ? value.slice(0, 200) : fallback)
const whole = (value: unknown, low: number, high: number, fallback: number) => (Number.isInteger(value) ? Math.min(high, Math.max(low, value as number)) : fallback)

function layoutFrom(value: unknown): Layout {
  const node = isNode(value) ? value : {}
  const w = whole(node.w, 1, COLUMNS, 3)
  return { x: whole(node.x, 0, COLUMNS - w, 0), y: whole(node.y, 0, 10_000, 0), w, h: whole(node.h, 1, 100, 3) }
}

function bindingsFrom(value: unknown): Record<string, Binding> {
  const pairs = Object.entries(isNode(value) ? value : {}).flatMap(([name, one]): [string, Binding][] =>
    isNode(one) && typeof one.source === 'string' && typeof one.type === 'string' ? [[name, { source: one.source, type: one.type as Binding['type'] }]] : [],
  )
  return Object.fromEntries(pairs)
}

function widgetFrom(value: unknown): Widget {
  if (!isNode(value) || typeof value.type !== 'string' || !value.type) throw new NotOurs('notOurs')
  return { id: newId('w'), type: value.type, title: text(value.title), bindings: bindingsFrom(value.bindings), layout: layoutFrom(value.layout), options: isNode(value.options) ? value.options : {} }
}

function pageFrom(value: unknown): Page {
  if (!isNode(value) || !Array.isArray(value.widgets)) throw new NotOurs('notOurs')
  return { id: newId('p'), title: text(value.title).trim() || '?', icon: text(value.icon).slice(0, 64), widgets: value.widgets.map(widgetFrom) }
}

/** What a file holds; ids are new, so that it can be imported twice. */
export function readFile(content: string): Imported {
  let node: unknown
  try {
    node = JSON.parse(content)
  } catch {
    throw new NotOurs('notJson')
  }
  if (!isNode(node) || (node.ionpy !== 'page' && node.ionpy !== 'widget')) throw new NotOurs('notOurs')
  if (typeof node.schema_version !== 'number' || node.schema_version > VERSION) throw new NotOurs('tooNew')
  return node.ionpy === 'page' ? { page: pageFrom(node.page) } : { widget: widgetFrom(node.widget) }
}

/** Hands a text to the person as a file. */
export function download(name: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = address
  link.download = `${name.replace(/[^\p{L}\p{N} _.-]+/gu, '-').trim() || 'page'}.json`
  link.click()
  URL.revokeObjectURL(address)
}
