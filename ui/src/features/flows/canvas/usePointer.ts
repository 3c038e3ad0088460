/** Where the mouse is on the canvas, and where its places are on the screen: the quick add opens there. */
import { onBeforeUnmount } from 'vue'
import { useVueFlow } from '@vue-flow/core'
import { keyOf } from '../model/graph'
import type { FlowEditor } from '../model/editor'
import type { Commands, QuickPlace } from '../model/useCommands'
import { spotAt, type Scene, type Spot } from './layout'

type Point = NonNullable<QuickPlace['point']>

const placeOf = (spot: Spot): QuickPlace => ({ slot: { list: spot.list, index: spot.index }, kind: spot.kind })

export interface Pointer {
  move: (event: PointerEvent) => void
  /** It left, or a key walks on: from here on the place itself counts. */
  forget: () => void
  /** A double click: the place nearest to it. */
  add: (event: MouseEvent) => void
}

export function usePointer(editor: FlowEditor, commands: Commands, flowId: string, scene: () => Scene, area: () => HTMLElement | null): Pointer {
  const { screenToFlowCoordinate, viewport } = useVueFlow(flowId)
  let last: Point | null = null
  /** Cards that move under a mouse at rest are no move of the mouse. */
  let seen = ''
  const nearest = (point: Point): Spot | null => {
    const { x, y } = screenToFlowCoordinate(point)
    return spotAt(scene(), x, y, (one) => one.is !== 'more', Infinity)
  }

  /** Of the "+" something goes to; of what is selected where the canvas has none. */
  function home(at: QuickPlace): Point | undefined {
    const box = area()?.getBoundingClientRect()
    const spot = scene().spots.find((one) => one.index === at.slot.index && keyOf(one.list) === keyOf(at.slot.list))
    const { x, y, zoom } = viewport.value
    if (spot && box) return { x: box.x + spot.x * zoom + x, y: box.y + spot.y * zoom + y }
    const found = area()?.querySelector(`[data-key="${CSS.escape(editor.selection.value.at(-1) ?? '')}"]`)?.getBoundingClientRect()
    return found ? { x: found.x + 40, y: found.bottom } : undefined
  }

  const view = {
    place: () => {
      const spot = last && nearest(last)
      return spot ? placeOf(spot) : null
    },
    pointOf: (at: QuickPlace) => last ?? home(at),
  }
  commands.whereabouts.view = view
  onBeforeUnmount(() => { if (commands.whereabouts.view === view) commands.whereabouts.view = null })
  return {
    move(event) {
      const at = `${event.clientX} ${event.clientY}`
      if (at !== seen) last = { x: event.clientX, y: event.clientY }
      seen = at
    },
    forget: () => void (last = null),
    add(event) {
      if (editor.readonly || !(event.target instanceof Element) || event.target.closest('button, .vue-flow__node, .tools')) return
      last = { x: event.clientX, y: event.clientY }
      const spot = nearest(last)
      commands.quickAdd(spot ? placeOf(spot) : undefined)
    },
  }
}
