/** What part of the canvas is seen: kept for each flow, moved by buttons, and brought to what is chosen elsewhere. */
import { nextTick, ref, watch, type Ref } from 'vue'
import { useVueFlow } from '@vue-flow/core'
import type { FlowEditor } from '../model/editor'
import { cardAround } from './walk'
import { RULE_W } from './ruleRows'
import type { Scene } from './layout'
import { firstLook, keepMap, keepSeen, mapShown, seenOf, type Seen } from './viewport'

const EDGE = 24

export interface Look {
  zoom: Ref<number>
  map: Ref<boolean>
  /** Once the pane has its size. */
  begin: () => void
  keep: () => void
  zoomBy: (by: number) => void
  actual: () => void
  fit: () => void
  lane: (lane: 'sequence' | 'rules') => void
  reveal: (key: string) => void
}

export function useLook(editor: FlowEditor, flowId: string, scene: () => Scene): Look {
  const { viewport, setViewport, zoomTo, fitView, dimensions } = useVueFlow(flowId)
  const map = ref(mapShown())
  const zoom = ref(1)
  watch(() => viewport.value.zoom, (now) => (zoom.value = now))
  watch(map, keepMap)
  const keep = () => keepSeen(editor.id, viewport.value)
  const laneOf = (lane: 'sequence' | 'rules') => (lane === 'rules' ? { x: scene().lanes.rules, w: RULE_W } : { x: 0, w: scene().lanes.width })
  const show = async (at: { x: number; y: number; zoom: number }) => {
    await setViewport(at)
    keep()
  }

  /** Whether anything can be seen there; a place kept from another screen may be empty. */
  function shows({ x, y, zoom: z }: Seen): boolean {
    const { width, height } = dimensions.value
    return !scene().cards.length || scene().cards.some(({ card, x: left, y: top }) => left * z + x < width - EDGE && (left + card.w) * z + x > EDGE && top * z + y < height - EDGE && (top + card.h) * z + y > EDGE)
  }

  function begin(): void {
    const { sequence, rules } = editor.graph.value
    const kept = seenOf(editor.id)
    const all = { x: 0, w: scene().lanes.rules + RULE_W }
    const first = !sequence.length && rules.length ? laneOf('rules') : all.w <= dimensions.value.width - 32 && rules.length ? all : laneOf('sequence')
    void setViewport(kept && shows(kept) ? kept : firstLook(first, dimensions.value))
    zoom.value = viewport.value.zoom
  }

  /** As far as needed and no further. */
  function reveal(key: string): void {
    const node = editor.graph.value.nodes.get(key)
    const place = node && scene().cards.find((one) => one.card.key === cardAround(editor.graph.value, node).key)
    if (!place || !dimensions.value.width) return
    const { x, y, zoom: z } = viewport.value
    const way = (from: number, size: number, offset: number, room: number) => {
      const start = from * z + offset
      const end = start + size * z
      if (start >= EDGE && end <= room - EDGE) return 0
      return start < EDGE || size * z > room - 2 * EDGE ? EDGE - start : room - EDGE - end
    }
    const [dx, dy] = [way(place.x, place.card.w, x, dimensions.value.width), way(place.y, place.card.h, y, dimensions.value.height)]
    if (dx || dy) void show({ x: x + dx, y: y + dy, zoom: z })
  }

  watch(() => dimensions.value.width, (width, before) => { if (width && before && !shows(viewport.value)) begin() })
  watch(() => editor.selection.value.at(-1), (key) => { if (key) void nextTick(() => reveal(key)) })
  return {
    zoom, map, begin, keep, reveal,
    zoomBy: (by) => void zoomTo(zoom.value * (by > 0 ? 1.2 : 1 / 1.2)).then(keep),
    actual: () => void zoomTo(1).then(keep),
    fit: () => void fitView({ padding: 0.05, maxZoom: 1 }).then(keep),
    lane: (lane) => void show({ ...firstLook(laneOf(lane), dimensions.value) }),
  }
}
