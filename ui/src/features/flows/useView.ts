/** Which view of a flow is shown; a person's choice, kept in this browser and never in the file. */
import { ref, watch, type Ref } from 'vue'

export type View = 'table' | 'canvas' | 'yaml'
export const VIEWS: readonly View[] = ['table', 'canvas', 'yaml']
const STORED = 'ionpy.flows.view'

interface Look {
  view: View
  split: boolean
}

function stored(): Look {
  try {
    const value = JSON.parse(localStorage.getItem(STORED) ?? 'null') as Partial<Look> | null
    return { view: VIEWS.find((view) => view === value?.view) ?? 'canvas', split: value?.split ?? true }
  } catch {
    return { view: 'canvas', split: true }
  }
}

export const LOADS = { table: () => import('./table/TableView.vue'), canvas: () => import('./canvas/CanvasView.vue'), yaml: () => import('./text/TextView.vue') }

/** Fetches what will be shown while the flow itself is on its way. */
export const fetchView = (): void => void LOADS[stored().view]().catch(() => undefined)

export function useView(): { view: Ref<View>; split: Ref<boolean> } {
  const look = stored()
  const view = ref(look.view)
  const split = ref(look.split)
  watch([view, split], () => localStorage.setItem(STORED, JSON.stringify({ view: view.value, split: split.value })))
  return { view, split }
}
