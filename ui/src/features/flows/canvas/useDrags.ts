/** Dragging: steps to a place between others, rule cards to where a person wants them, things from the palette into a list. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { useVueFlow, type Connection, type NodeDragEvent } from '@vue-flow/core'
import { useToasts } from '@/stores/toasts'
import { layout, outermost, type Planner } from '../model/edits'
import { moveAll, moveInto } from '../model/moves'
import { dragged } from '../palette/dragging'
import { keyOf, kindOf, NODES_TYPE, placeOf, type NodeKind, type Plain } from '../model/graph'
import type { QuickPlace } from '../model/useCommands'
import { t } from './messages'
import type { Canvas } from './context'
import { zoneOf } from './drops'
import { idOf, ruleAt, spotAt, type Scene, type Spot } from './layout'
import { goTo, jumps, mayGo, unlink } from './moves'

export interface Drags {
  /** The place that lights up under what is being dragged. */
  target: ShallowRef<Spot | null>
  dragging: Ref<boolean>
  /** Keys that are on their way. */
  moving: ShallowRef<readonly string[]>
  start: (event: NodeDragEvent) => void
  drag: (event: NodeDragEvent) => void
  stop: (event: NodeDragEvent) => Promise<void>
  over: (event: DragEvent) => void
  leave: (event: DragEvent) => void
  drop: (event: DragEvent) => void
  /** A port is taken hold of, brought to a step, let go. */
  pull: (port: { handleId: string | null }) => void
  connect: (connection: Connection) => void
  letGo: (event?: MouseEvent | TouchEvent) => void
  mayConnect: (connection: Connection) => boolean
}

const pointOf = (event: MouseEvent | TouchEvent) => ('touches' in event ? (event.touches[0] ?? event.changedTouches[0]) : event)

export function useDrags(canvas: Canvas, flowId: string, scene: () => Scene, settle: () => void): Drags {
  const { editor, commands } = canvas
  const { screenToFlowCoordinate } = useVueFlow(flowId)
  const toasts = useToasts()
  const target = shallowRef<Spot | null>(null)
  const dragging = ref(false)
  const moving = shallowRef<readonly string[]>([])
  const at = (point: { clientX: number; clientY: number } | undefined) => screenToFlowCoordinate({ x: point?.clientX ?? 0, y: point?.clientY ?? 0 })
  const titleOf = (key: string) => editor.graph.value.nodes.get(key)?.title || editor.graph.value.nodes.get(key)?.verb || ''

  /** A place takes a step where it would come to stand elsewhere, outside of itself. */
  function fits(spot: Spot): boolean {
    if (spot.kind !== 'step') return false
    const list = keyOf(spot.list)
    return moving.value.every((key) => list !== key && !list.startsWith(`${key}/`)) && !isHome(spot)
  }

  function isHome(spot: Spot): boolean {
    const node = moving.value.length === 1 ? editor.graph.value.nodes.get(moving.value[0] as string) : undefined
    const place = node && placeOf(node)
    return Boolean(place && keyOf(place.list) === keyOf(spot.list) && (place.index === spot.index || place.index + 1 === spot.index))
  }

  function start({ node }: NodeDragEvent): void {
    const chosen = editor.selection.value.includes(node.id) ? outermost(editor.graph.value, editor.selection.value).filter((one) => one.kind === 'step').map((one) => one.key) : []
    moving.value = chosen.length > 1 ? chosen : [node.id]
    if (!editor.selection.value.includes(node.id)) editor.select([node.id])
    dragging.value = node.type !== 'rule'
  }

  function drag({ event, node }: NodeDragEvent): void {
    if (node.type === 'rule') return
    const { x, y } = at(pointOf(event))
    target.value = spotAt(scene(), x, y, fits)
  }

  async function stop({ node }: NodeDragEvent): Promise<void> {
    const spot = target.value
    const keys = moving.value
    dragging.value = false
    target.value = null
    moving.value = []
    if (node.type === 'rule') await place(node.id, node.position)
    else if (spot) {
      const name = keys.length > 1 ? t('stepMoveN', { n: keys.length }) : t('stepMove', { title: titleOf(node.id) })
      const moved = await editor.apply(name, planOf(keys, spot))
      if (moved) canvas.say(t('moved', { title: titleOf(editor.selection.value[0] ?? '') }))
    }
    settle()
  }

  async function place(key: string, position: { x: number; y: number }): Promise<void> {
    const node = editor.graph.value.nodes.get(key)
    const id = node && idOf(node)
    if (!node || !id) return
    const before = scene().cards.find((one) => one.card.key === key)
    if (before && Math.hypot(before.x - position.x, before.y - position.y) < 5) return
    await editor.apply(t('stepPlace', { title: titleOf(key) }), layout(id, ruleAt(scene(), position.x, position.y)), `place ${id}`)
  }

  const isOurs = (event: DragEvent) => !editor.readonly && event.dataTransfer?.types.includes(NODES_TYPE) === true
  const kindsOf = (values: readonly Plain[]): readonly NodeKind[] => dragged.value?.kinds ?? [kindOf(values[0])]
  const nearest = (event: DragEvent, kinds: readonly NodeKind[]) => {
    const { x, y } = at(event)
    return spotAt(scene(), x, y, (one) => kinds.includes(one.kind), Infinity)
  }
  /** On a card: a column of a rule, or the ends of a step. */
  function zoneUnder(event: DragEvent, kinds: readonly NodeKind[]): QuickPlace | null {
    const under = event.target instanceof Element ? event.target : null
    const card = under?.closest<HTMLElement>('.vue-flow__node')?.dataset.id
    return card ? zoneOf(editor.graph.value, card, kinds, under?.closest<HTMLElement>('[data-column]')?.dataset.column) : null
  }

  function over(event: DragEvent): void {
    if (!isOurs(event) || !event.dataTransfer) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'copy'
    const kinds = dragged.value?.kinds ?? ['step', 'rule']
    canvas.coming.value = dragged.value?.kinds ?? []
    canvas.zone.value = zoneUnder(event, kinds)
    dragging.value = kinds.includes('step') || kinds.includes('rule')
    target.value = canvas.zone.value ? null : nearest(event, kinds)
  }

  function end(): void {
    dragging.value = false
    target.value = null
    canvas.coming.value = []
    canvas.zone.value = null
  }

  function leave(event: DragEvent): void {
    const box = event.currentTarget instanceof Element ? event.currentTarget.getBoundingClientRect() : null
    const isInside = box && event.clientX > box.left && event.clientX < box.right && event.clientY > box.top && event.clientY < box.bottom
    if (!isInside) end()
  }

  /** On a card, in the section of limits, or at the nearest place. */
  function placeFor(event: DragEvent, kinds: readonly NodeKind[]): QuickPlace | null {
    const zone = zoneUnder(event, kinds)
    if (zone) return zone
    if (kinds.includes('limit')) return { slot: { list: ['limits'], index: editor.graph.value.limits.length }, kind: 'limit' }
    const spot = nearest(event, kinds)
    return spot && { slot: { list: spot.list, index: spot.index }, kind: spot.kind }
  }

  function drop(event: DragEvent): void {
    if (!isOurs(event)) return
    event.preventDefault()
    const values = read(event.dataTransfer?.getData(NODES_TYPE) ?? '')
    const place = placeFor(event, kindsOf(values))
    end()
    if (place && values.length) void commands.add(values, place)
    else toasts.show('warning', t('notHere'), t('notHereHint'))
  }

  let pulled = ''
  const pull = ({ handleId }: { handleId: string | null }): void => void (pulled = handleId ?? '')
  /** Into the empty: it goes on with the next step again. */
  function letGo(event?: MouseEvent | TouchEvent): void {
    const point = event && pointOf(event)
    const under = point && document.elementFromPoint(point.clientX, point.clientY)
    if (pulled && under?.closest('.vue-flow') && !under.closest('.vue-flow__node') && jumps(editor.graph.value.nodes.get(pulled))) void unlink(editor, pulled)
    pulled = ''
  }

  function connect({ sourceHandle, target: to }: Connection): void {
    pulled = ''
    if (sourceHandle) void editor.apply(t('stepGoto', { title: titleOf(to) }), goTo(sourceHandle, to))
  }

  const mayConnect = ({ source, sourceHandle, target: to }: Connection) => Boolean(sourceHandle?.includes('/until')) && mayGo(editor.graph.value, source, to)
  return { target, dragging, moving, start, drag, stop, over, leave, drop, pull, connect, letGo, mayConnect }
}

/** Into a list that is not there yet, or between others. */
const planOf = (keys: readonly string[], spot: Spot): Planner => {
  if (spot.is === 'missing') return moveInto(keys, spot.list)
  return spot.is === 'more' ? moveInto(keys, [...spot.list, spot.index]) : moveAll(keys, spot)
}

function read(text: string): Plain[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? (value as Plain[]) : [value as Plain]
  } catch {
    return []
  }
}
