/** Keys of the canvas: arrows walk, Enter goes to the details, Escape lets go; all others are the page's. */
import { nextTick } from 'vue'
import type { FlowEditor } from '../model/editor'
import { jumps, unlink } from './moves'
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
  const portOf = (key: string) => root()?.querySelector<HTMLElement>(`[data-port="${CSS.escape(key)}"]`)
  /** The port of an end that goes on elsewhere stands to the right of it. */
  function toPort(event: KeyboardEvent, key: string): boolean {
    if (event.key !== 'ArrowRight' || event.shiftKey || !jumps(editor.graph.value.nodes.get(key))) return false
    portOf(key)?.focus({ preventScroll: true })
    return true
  }
  function onPort(event: KeyboardEvent, key: string): boolean {
    if (event.key === 'Delete' || event.key === 'Backspace') void unlink(editor, key)
    else if (event.key === 'ArrowLeft' || event.key === 'Escape') focusNode(root(), key)
    else if (WALK.has(event.key)) walk(event, key)
    else return false
    return true
  }
  function act(event: KeyboardEvent, key: string): boolean {
    if (toPort(event, key)) return true
    if (WALK.has(event.key)) walk(event, key)
    else if (event.key === 'Enter') enter(key)
    else return event.key === 'Escape' && letGo()
    return true
  }
  return (event) => {
    const { key, port } = event.target instanceof HTMLElement ? event.target.dataset : {}
    if (event.altKey || event.ctrlKey || event.metaKey) return
    if (port === undefined ? key === undefined || !act(event, key) : !onPort(event, port)) return
    event.preventDefault()
    event.stopPropagation()
  }
}
