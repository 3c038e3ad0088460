/** Where the focus of the grid is: a row of the flow and a column; the selection is the editor's. */
import { computed, nextTick, ref, watch, type ComputedRef, type Ref } from 'vue'
import type { FlowEditor } from '../model/editor'
import { between, stepFrom, type Row } from './rows'

export const COLUMNS = ['on', 'step', 'mode', 'current', 'level', 'duration', 'ends', 'notes'] as const
export type GridColumn = (typeof COLUMNS)[number]

export interface Grid {
  column: Ref<GridColumn>
  /** The row the focus is on; the first one when nothing is selected. */
  row: ComputedRef<string | null>
  /** Focuses the cell of a row once it is drawn. */
  focus: (key?: string | null) => void
  /** Narrow tables leave columns out. */
  isShown: (column: GridColumn) => boolean
  go: (key: string, event?: { shiftKey: boolean; ctrlKey?: boolean; metaKey?: boolean }) => void
  onKey: (event: KeyboardEvent) => boolean
}

const UP_DOWN: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: -1e6, End: 1e6 }

export function useGrid(editor: FlowEditor, rows: ComputedRef<readonly Row[]>, root: () => HTMLElement | null): Grid {
  const column = ref<GridColumn>('step')
  const anchor = ref('')
  const row = computed(() => {
    const last = editor.selection.value.at(-1)
    const shown = rows.value.find((one) => one.type === 'node' && last !== undefined && (last === one.key || last.startsWith(`${one.key}/until`)))
    return shown?.key ?? stepFrom(rows.value, null, 1)
  })

  function focus(key = row.value): void {
    void nextTick(() => {
      const cell = root()?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key ?? '')}"] [data-column="${column.value}"]`)
      cell?.focus({ preventScroll: true })
      cell?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    })
  }

  const isShown = (name: GridColumn) => (root()?.querySelector<HTMLElement>(`[data-key="${CSS.escape(row.value ?? '')}"] [data-column="${name}"]`)?.offsetParent ?? null) !== null

  function go(key: string, event?: { shiftKey: boolean; ctrlKey?: boolean; metaKey?: boolean }): void {
    const now = editor.selection.value
    if (event?.shiftKey && anchor.value && now.length) editor.select(between(rows.value, anchor.value, key))
    else if (event?.ctrlKey || event?.metaKey) editor.select(now.includes(key) ? now.filter((one) => one !== key) : [...now, key])
    else editor.select([key])
    if (!event?.shiftKey) anchor.value = key
    focus(key)
  }

  /** Arrows walk; the first one selects where the focus already is. */
  function onKey(event: KeyboardEvent): boolean {
    if (event.altKey || event.ctrlKey || event.metaKey) return false
    const by = UP_DOWN[event.key]
    if (by !== undefined) {
      const to = editor.selection.value.length ? stepFrom(rows.value, row.value, by) : row.value
      if (to) go(to, event)
      return true
    }
    const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (!side || event.shiftKey) return false
    const shown = COLUMNS.filter(isShown)
    const at = shown.indexOf(column.value)
    column.value = shown[Math.max(0, Math.min(shown.length - 1, at + side))] ?? 'step'
    focus()
    return true
  }

  // After an edit or a step back the focus goes where the selection went, unless the person is elsewhere.
  watch(() => [editor.selection.value.at(-1), editor.text.value], () => {
    const active = document.activeElement
    if (active === document.body || (active && root()?.contains(active) && !active.closest('input'))) focus()
  }, { flush: 'post' })
  return { column, row, focus, isShown, go, onKey }
}
