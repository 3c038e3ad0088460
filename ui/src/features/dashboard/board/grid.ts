/**
 * GridStack over the cells of a page, while it is edited; a page that is only looked at is placed by CSS alone.
 *
 * Vue owns the elements, GridStack only moves them: what it did is read back and becomes the page's new layout.
 */
import type { GridItemHTMLElement, GridStack as Grid } from 'gridstack'
import type { Layout, Widget } from '@/widgets/contract'
import { kindOf } from '@/widgets'
import { CELL_PX, COLUMNS } from '../model/pages'

export const GAP_PX = 6

export interface GridHooks {
  /** A person moved or resized this one; others may have made room. */
  moved: (places: Map<string, Layout>, id: string) => void
  /** A data point was dropped at a cell. */
  dropped: (point: string, at: { x: number; y: number }, places: Map<string, Layout>) => void
}

const layoutOf = (node: { x?: number; y?: number; w?: number; h?: number }): Layout => ({ x: node.x ?? 0, y: node.y ?? 0, w: node.w ?? 1, h: node.h ?? 1 })
const differs = (a: Layout, b: Layout) => a.x !== b.x || a.y !== b.y || a.w !== b.w || a.h !== b.h

export class PageGrid {
  private constructor(
    private readonly root: HTMLElement,
    private readonly hooks: GridHooks,
    private readonly library: typeof Grid,
  ) {}

  private grid: Grid | null = null

  /** Loads GridStack; null when it cannot be used here. */
  static async start(root: HTMLElement, widgets: () => Widget[], hooks: GridHooks): Promise<PageGrid | null> {
    const [{ GridStack }] = await Promise.all([import('gridstack'), import('gridstack/dist/gridstack.css')])
    if (!root.isConnected) return null
    const made = new PageGrid(root, hooks, GridStack)
    return made.begin(widgets()) ? made : null
  }

  private begin(widgets: Widget[]): boolean {
    this.root.classList.add('grid-stack')
    for (const widget of widgets) this.describe(widget)
    const options = {
      column: COLUMNS, cellHeight: CELL_PX, margin: GAP_PX, mode: 'float' as const, minRow: 6, animate: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      draggable: { handle: '.widget-head', cancel: 'button' }, resizable: { handles: 'e,se,s' }, alwaysShowResizeHandle: true as const, acceptWidgets: '.point-drag',
    }
    this.grid = this.library.init(options, this.root) ?? null
    if (!this.grid) {
      this.root.classList.remove('grid-stack')
      return false
    }
    const tell = (_event: Event, element: GridItemHTMLElement) => queueMicrotask(() => this.hooks.moved(this.places(), element.gridstackNode?.id ?? ''))
    this.grid.on('dragstop', tell)
    this.grid.on('resizestop', tell)
    this.grid.on('dropped', (_event, _before, node) => {
      const point = node.el?.dataset.point ?? ''
      const at = { x: node.x ?? 0, y: node.y ?? 0 }
      if (node.el) this.grid?.removeWidget(node.el, true, false)
      this.hooks.dropped(point, at, this.places())
    })
    return true
  }

  /** Ends it and leaves the elements as CSS places them. */
  stop(): void {
    this.grid?.offAll()
    this.grid?.destroy(false)
    this.grid = null
    this.root.classList.remove('grid-stack')
    for (const element of [this.root, ...this.cells()]) for (const name of ['left', 'top', 'width', 'height', 'min-height']) element.style.removeProperty(name)
  }

  private cells(): GridItemHTMLElement[] {
    return [...this.root.querySelectorAll<GridItemHTMLElement>(':scope > .grid-stack-item')]
  }

  private cell(id: string): GridItemHTMLElement | undefined {
    return this.cells().find((element) => element.dataset.widget === id)
  }

  /** GridStack reads its attributes from the element. */
  private describe({ id, type, layout }: Widget): void {
    const element = this.cell(id)
    const size = kindOf(type)?.size
    const values = { 'gs-id': id, 'gs-x': layout.x, 'gs-y': layout.y, 'gs-w': layout.w, 'gs-h': layout.h, 'gs-min-w': size?.minW ?? 1, 'gs-min-h': size?.minH ?? 1 }
    for (const [name, value] of Object.entries(values)) element?.setAttribute(name, String(value))
  }

  private places(): Map<string, Layout> {
    return new Map((this.grid?.engine.nodes ?? []).flatMap((node) => (node.id ? [[node.id, layoutOf(node)] as const] : [])))
  }

  /** Brings the grid to the page's widgets, after Vue has rendered them. */
  sync(widgets: Widget[]): void {
    const grid = this.grid
    if (!grid) return
    const wanted = new Map(widgets.map((widget) => [widget.id, widget]))
    grid.batchUpdate(true)
    for (const node of [...grid.engine.nodes]) if (node.el && !wanted.has(node.id ?? '')) grid.removeWidget(node.el, false, false)
    for (const widget of widgets) {
      const element = this.cell(widget.id)
      if (!element) continue
      if (!element.gridstackNode) {
        this.describe(widget)
        grid.makeWidget(element)
      } else if (differs(layoutOf(element.gridstackNode), widget.layout)) grid.update(element, widget.layout)
    }
    grid.batchUpdate(false)
    const places = this.places()
    if (widgets.some(({ id, layout }) => differs(places.get(id) ?? layout, layout))) this.again(widgets)
  }

  /** Widgets that pushed each other on their way: all are placed anew. */
  private again(widgets: Widget[]): void {
    this.stop()
    this.begin(widgets)
  }

  /** Moves or resizes by keys; what is in the way makes room. */
  nudge(id: string, by: Partial<Layout>): Layout | null {
    const element = this.cell(id)
    const node = element?.gridstackNode
    if (!this.grid || !element || !node) return null
    const now = layoutOf(node)
    const w = Math.min(Math.max(now.w + (by.w ?? 0), node.minW ?? 1), COLUMNS - now.x)
    const next = { w, h: Math.max(now.h + (by.h ?? 0), node.minH ?? 1), x: Math.min(Math.max(now.x + (by.x ?? 0), 0), COLUMNS - w), y: Math.max(now.y + (by.y ?? 0), 0) }
    if (differs(now, next)) this.grid.update(element, next)
    this.hooks.moved(this.places(), id)
    return layoutOf(node)
  }

  /** Makes list rows draggable onto the page; `setupDragIn` would also send `dragstart` events that are not the browser's. */
  static async takeFrom(rows: HTMLElement[]): Promise<void> {
    const { GridStack } = await import('gridstack')
    const hand = GridStack.getDD()
    for (const row of rows) if (!hand.isDraggable(row)) hand.dragIn(row, { appendTo: 'body', helper: 'clone' })
  }
}
