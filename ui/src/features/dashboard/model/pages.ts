/** Pages of widgets as plain values: every change returns new pages and shares what stayed the same. */
import type { Page } from '@/api/workspaces'
import type { Layout, Widget } from '@/widgets/contract'

export const COLUMNS = 12
/** Height of a row. */
export const CELL_PX = 64

/** An id nobody has yet; also without a secure context, where `randomUUID` does not exist. */
export function newId(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6))
  return prefix + [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function withPage(pages: Page[], id: string, change: (page: Page) => Page): Page[] {
  return pages.map((page) => (page.id === id ? change(page) : page))
}

export function withWidget(page: Page, id: string, change: (widget: Widget) => Widget): Page {
  return { ...page, widgets: page.widgets.map((widget) => (widget.id === id ? change(widget) : widget)) }
}

export function withoutWidget(page: Page, id: string): Page {
  return { ...page, widgets: page.widgets.filter((widget) => widget.id !== id) }
}

const overlap = (a: Layout, b: Layout) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

/** The first place from the top where a widget of this size covers none. */
export function freePlace(widgets: Widget[], w: number, h: number): Layout {
  const width = Math.min(w, COLUMNS)
  for (let y = 0; ; y++) {
    for (let x = 0; x + width <= COLUMNS; x++) {
      const place = { x, y, w: width, h }
      if (!widgets.some((widget) => overlap(widget.layout, place))) return place
    }
  }
}

export function withNewWidget(page: Page, widget: Omit<Widget, 'id' | 'layout'>, size: { w: number; h: number }, at?: { x: number; y: number }): Page {
  const layout = at ? { x: Math.min(at.x, COLUMNS - size.w), y: at.y, w: size.w, h: size.h } : freePlace(page.widgets, size.w, size.h)
  return { ...page, widgets: [...page.widgets, { ...widget, id: newId('w'), layout }] }
}

const same = (a: Layout, b: Layout) => a.x === b.x && a.y === b.y && a.w === b.w && a.h === b.h

/** The page with widgets at new places; the same page when none has moved. */
export function withPlaces(page: Page, places: Map<string, Layout>): Page {
  const moved = page.widgets.some((widget) => !same(places.get(widget.id) ?? widget.layout, widget.layout))
  if (!moved) return page
  return { ...page, widgets: page.widgets.map((widget) => ({ ...widget, layout: places.get(widget.id) ?? widget.layout })) }
}

/** As people read: rows from the top, each from the left. */
export function inReadingOrder(widgets: Widget[]): Widget[] {
  return [...widgets].sort((a, b) => a.layout.y - b.layout.y || a.layout.x - b.layout.x)
}

export function rowsOf(widgets: Widget[]): number {
  return Math.max(0, ...widgets.map(({ layout }) => layout.y + layout.h))
}

/** A copy that can stand beside the original: all ids are new. */
export function copyOfPage(page: Page, title: string): Page {
  return { ...page, id: newId('p'), title, widgets: page.widgets.map((widget) => ({ ...widget, id: newId('w') })) }
}

export function movedPage(pages: Page[], id: string, by: -1 | 1): Page[] {
  const from = pages.findIndex((page) => page.id === id)
  const to = from + by
  const [page, other] = [pages[from], pages[to]]
  if (!page || !other) return pages
  return pages.map((one, place) => (place === from ? other : place === to ? page : one))
}

/** `Page 2` when `Page` and `Page 1` are taken. */
export function freeTitle(pages: Page[], wanted: string): string {
  const taken = new Set(pages.map((page) => page.title))
  if (!taken.has(wanted)) return wanted
  for (let number = 2; ; number++) {
    if (!taken.has(`${wanted} ${number}`)) return `${wanted} ${number}`
  }
}

/** The same text for the same content: the server writes keys in another order than a form does. */
function inOneOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
const textOf = (value: unknown) => JSON.stringify(value, inOneOrder)

export const samePages = (a: Page[], b: Page[]) => a === b || textOf(a) === textOf(b)

/**
 * Their pages, and behind them copies of mine that differ: nothing of either is lost.
 *
 * @param base What both started from.
 */
export function withMyCopies(base: Page[], mine: Page[], theirs: Page[], copyTitle: (title: string) => string): Page[] {
  const before = new Map([...base, ...theirs].map((page) => [textOf(page), page]))
  const changed = mine.filter((page) => !before.has(textOf(page)))
  return [...theirs, ...changed.map((page) => copyOfPage(page, freeTitle(theirs, copyTitle(page.title))))]
}
