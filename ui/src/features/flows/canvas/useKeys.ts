/** Keys of the canvas: arrows walk, Enter goes to the details, Escape lets go; all others are the page's. */
import { nextTick } from 'vue'
import type { FlowEditor } from '../model/editor'
import { next } from './walk'

const WALK = new Set(['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End'])
const PANEL = ['input', 'select', 'textarea', '[contenteditable=true]', 'button'].map((one) => `[data-flow-panel] ${one}:not([disabled])`).join(', ')

export const focusPanel = (): void => document.querySelector<HTMLElement>(PANEL)?.focus()

/** The focus follows the choice; a card out of sight comes into being when it is shown. */
export function focusNode(root: HTMLElement | null, key: string | undefined, tries = 12): void {
  if (!key || !root) return
  const found = root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)
  if (found) found.focus({ preventScroll: true })
  else if (tries) requestAnimationFrame(() => focusNode(root, key, tries - 1))
}

export function canvasKeys(editor: FlowEditor, root: () => HTMLElement | null): (event: KeyboardEvent) => void {
  function walk(event: KeyboardEvent, from: string): void {
    const to = next(editor.graph.value, from, event.key)
    if (!to) return
    editor.select(event.shiftKey ? [...(editor.selection.value.length ? [] : [from]), ...editor.selection.value.filter((key) => key !== to), to] : [to])
    void nextTick(() => focusNode(root(), to))
  }
  function enter(key: string): void {
    if (editor.selection.value.at(-1) !== key) editor.select([key])
    void nextTick(focusPanel)
  }
  function letGo(): boolean {
    const had = editor.selection.value.length > 0
    if (had) editor.select([])
    return had
  }
  function act(event: KeyboardEvent, key: string): boolean {
    if (WALK.has(event.key)) walk(event, key)
    else if (event.key === 'Enter') enter(key)
    else return event.key === 'Escape' && letGo()
    return true
  }
  return (event) => {
    const key = event.target instanceof HTMLElement ? event.target.dataset.key : undefined
    if (key === undefined || event.altKey || event.ctrlKey || event.metaKey || !act(event, key)) return
    event.preventDefault()
    event.stopPropagation()
  }
}
