/** Dragging: steps to a place between others, rule cards to where a person wants them, things from the palette into a list. */
import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { useVueFlow, type Connection, type NodeDragEvent } from '@vue-flow/core'
import { useToasts } from '@/stores/toasts'
import { layout, outermost } from '../model/edits'
import { moveAll } from '../model/moves'
import { keyOf, kindOf, NODES_TYPE, placeOf, type Plain } from '../model/graph'
import { t } from './messages'
import type { Canvas } from './context'
import { idOf, ruleAt, spotAt, type Scene, type Spot } from './layout'
import { goTo, mayGo } from './moves'

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
  connect: (connection: Connection) => void
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
    if (spot.kind !== 'step' || spot.is === 'missing' || spot.is === 'more') return false
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
      const name = keys.length > 1 ? t('stepMoveN', { n: keys.length }) : ''
      const moved = keys.length > 1 ? await editor.apply(name, moveAll(keys, spot)) : await commands.moveTo(node.id, spot)
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
  const anyPlace = (spot: Spot) => spot.kind === 'step' || spot.kind === 'rule'

  function over(event: DragEvent): void {
    if (!isOurs(event) || !event.dataTransfer) return
    event.preventDefault()
    event.dataTransfer.dropEffect = 'copy'
    dragging.value = true
    const { x, y } = at(event)
    target.value = spotAt(scene(), x, y, anyPlace, Infinity)
  }

  function leave(event: DragEvent): void {
    if (event.relatedTarget instanceof Node && event.currentTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)) return
    dragging.value = false
    target.value = null
  }

  function drop(event: DragEvent): void {
    if (!isOurs(event)) return
    event.preventDefault()
    const values = read(event.dataTransfer?.getData(NODES_TYPE) ?? '')
    const { x, y } = at(event)
    dragging.value = false
    target.value = null
    const kind = kindOf(values[0])
    const spot = spotAt(scene(), x, y, (one) => one.kind === kind, Infinity)
    if (kind === 'limit') void commands.add(values, { slot: { list: ['limits'], index: editor.graph.value.limits.length }, kind })
    else if (spot && values.length) void commands.add(values, { slot: { list: spot.list, index: spot.index }, kind })
    else toasts.show('warning', t('notHere'))
  }

  function connect({ sourceHandle, target: to }: Connection): void {
    if (sourceHandle) void editor.apply(t('stepGoto', { title: titleOf(to) }), goTo(sourceHandle, to))
  }

  const mayConnect = ({ source, sourceHandle, target: to }: Connection) => Boolean(sourceHandle?.includes('/until')) && mayGo(editor.graph.value, source, to)
  return { target, dragging, moving, start, drag, stop, over, leave, drop, connect, mayConnect }
}

function read(text: string): Plain[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? (value as Plain[]) : [value as Plain]
  } catch {
    return []
  }
}
