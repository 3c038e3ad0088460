/** Which view of a flow is shown, and whether the text stands beside it; a person's choice, kept in this browser and never in the file. */
import { computed, onScopeDispose, ref, watch, type ComputedRef, type Ref } from 'vue'

export type View = 'table' | 'canvas' | 'yaml'
export const VIEWS: readonly View[] = ['table', 'canvas', 'yaml']
const STORED = 'ionpy.flows.look'
/** Below it there is no room for the text beside another view; between the two it is there when wanted. */
const ROOM = '(min-width: 1101px)'
const WIDE = '(min-width: 1600px)'

interface Look {
  view: View
  /** Null until the person chose: then the width decides. */
  text: boolean | null
}

export function lookOf(stored: string | null): Look {
  try {
    const value = JSON.parse(stored ?? 'null') as Partial<Look> | null
    return { view: VIEWS.find((view) => view === value?.view) ?? 'canvas', text: typeof value?.text === 'boolean' ? value.text : null }
  } catch {
    return { view: 'canvas', text: null }
  }
}

export const LOADS = { table: () => import('./table/TableView.vue'), canvas: () => import('./canvas/CanvasView.vue'), yaml: () => import('./text/TextView.vue') }

/** Fetches what will be shown while the flow itself is on its way. */
export const fetchView = (): void => void LOADS[lookOf(localStorage.getItem(STORED)).view]().catch(() => undefined)

function matches(query: string): Ref<boolean> {
  const list = window.matchMedia(query)
  const now = ref(list.matches)
  const follow = () => void (now.value = list.matches)
  list.addEventListener('change', follow)
  onScopeDispose(() => list.removeEventListener('change', follow))
  return now
}

export interface ViewChoice {
  view: Ref<View>
  /** The text stands beside the table or the canvas. */
  split: ComputedRef<boolean>
  /** There is room for it. */
  hasRoom: Ref<boolean>
  flip: () => void
}

export function useView(): ViewChoice {
  const look = lookOf(localStorage.getItem(STORED))
  const view = ref(look.view)
  const text = ref(look.text)
  const [hasRoom, isWide] = [matches(ROOM), matches(WIDE)]
  const split = computed(() => hasRoom.value && (text.value ?? isWide.value))
  watch([view, text], () => localStorage.setItem(STORED, JSON.stringify({ view: view.value, text: text.value })))
  return { view, split, hasRoom, flip: () => void (text.value = !split.value) }
}
