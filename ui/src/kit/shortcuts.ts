/**
 * The one registry of keyboard shortcuts: who offers one registers it, the sheet (`?`) and the palette list them all.
 *
 * `keys` are strokes one after the other (`g d`), a stroke is a key with its modifiers (`Ctrl+K`, `Shift+Escape`).
 * Single letters wait while a person types or a dialog is open, and can be turned off altogether (WCAG 2.1.4).
 */
import { onBeforeUnmount, shallowRef, ref } from 'vue'

export interface Shortcut {
  id: string
  keys: string
  title: () => string
  group: () => string
  /** Without it the shortcut is only listed: its page handles the key itself. */
  run?: () => void
  /** Also while a person types or a dialog is open. */
  everywhere?: boolean
}

const STORED = 'ionpy.shortcuts'
const PAUSE_MS = 1200
/** Newest last; the newest wins when two want the same keys. */
export const shortcuts = shallowRef<readonly Shortcut[]>([])
export const lettersOn = ref(localStorage.getItem(STORED) !== 'off')
let typed: string[] = []
let last = 0

export function setLetters(on: boolean): void {
  lettersOn.value = on
  localStorage.setItem(STORED, on ? 'on' : 'off')
}

export function register(list: readonly Shortcut[]): () => void {
  shortcuts.value = [...shortcuts.value, ...list]
  return () => { shortcuts.value = shortcuts.value.filter((one) => !list.includes(one)) }
}

/** Registers while the component lives. */
export function useShortcuts(list: readonly Shortcut[]): void {
  onBeforeUnmount(register(list))
}

const LETTER = /^[a-z]$/i

/** `Ctrl+Shift+X`, `?`, `g`; Shift counts only where it does not make another character. */
export function strokeOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string {
  const command = event.ctrlKey || event.metaKey
  const shown = LETTER.test(event.key) ? (command || event.altKey ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key
  const shift = event.shiftKey && (shown.length > 1 || LETTER.test(shown))
  return [command && 'Ctrl', event.altKey && 'Alt', shift && 'Shift', shown].filter(Boolean).join('+')
}

const TYPING = 'input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true], .cm-editor'
const isBusy = (target: EventTarget | null) =>
  (target instanceof Element && target.closest(TYPING) !== null) || document.querySelector('[role=dialog][data-state=open], [role=menu], [role=dialog][aria-modal=true]') !== null

const mayRun = (one: Shortcut, busy: boolean) => Boolean(one.run) && (one.everywhere || (!busy && (lettersOn.value || one.keys.includes('+'))))
const newestFirst = () => [...shortcuts.value].reverse()

/** What a stroke completes, and whether it begins something longer. */
export function press(stroke: string, busy: boolean, now: number): Shortcut | 'begun' | null {
  if (now - last > PAUSE_MS) typed = []
  last = now
  const open = newestFirst().filter((one) => mayRun(one, busy))
  for (const sequence of [[...typed, stroke], [stroke]]) {
    const text = sequence.join(' ')
    const found = open.find((one) => one.keys === text)
    if (found) {
      typed = []
      return found
    }
    if (open.some((one) => one.keys.startsWith(`${text} `))) {
      typed = sequence
      return 'begun'
    }
  }
  typed = []
  return null
}

/** Listens to the page; returns the way to stop. */
export function startShortcuts(): () => void {
  const listen = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.repeat || event.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return
    const found = press(strokeOf(event), isBusy(event.target), event.timeStamp)
    if (!found) return
    event.preventDefault()
    if (found !== 'begun') found.run?.()
  }
  window.addEventListener('keydown', listen)
  return () => window.removeEventListener('keydown', listen)
}
