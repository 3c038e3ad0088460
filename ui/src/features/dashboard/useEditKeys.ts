/** Ctrl+Z, Ctrl+Y and Ctrl+S on the dashboard; in a field they are the field's. */
import { onBeforeUnmount, onMounted } from 'vue'

export interface EditKeys {
  undo: () => void
  redo: () => void
  save: () => void
  active: () => boolean
}

const inDialog = (target: HTMLElement) => target.closest('[role="dialog"]') !== null
const inField = (target: HTMLElement) => target.closest('input, textarea, select') !== null

function meant(event: KeyboardEvent, keys: EditKeys): (() => void) | null {
  const key = event.key.toLowerCase()
  const target = event.target as HTMLElement
  if (inDialog(target)) return null
  if (key === 's') return keys.save
  if (inField(target)) return null
  if (key === 'y' || (key === 'z' && event.shiftKey)) return keys.redo
  return key === 'z' ? keys.undo : null
}

export function useEditKeys(keys: EditKeys): void {
  function press(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !keys.active()) return
    const act = meant(event, keys)
    if (!act) return
    event.preventDefault()
    act()
  }
  onMounted(() => window.addEventListener('keydown', press))
  onBeforeUnmount(() => window.removeEventListener('keydown', press))
}
