/** Dashed lines: where an end or a goto leads, and which steps a rule speaks of. Pure. */
import { isMap, textOf, walk, type FlowGraph, type FlowNode, type Plain } from '../model/graph'
import { END_H, type Placed, type Scene } from './layout'
import { endWords } from './wording'

export interface Link {
  id: string
  from: string
  /** Handle of the end; empty: the step or rule itself. */
  port: string
  to: string
  of: 'goto' | 'rule'
}

const listOf = (value: Plain | undefined): string[] => (Array.isArray(value) ? value.map(textOf) : [textOf(value)]).filter(Boolean)

/** Ids of steps a rule names: its `during`, and triggers that hear of one step. */
export function stepsNamed(rule: FlowNode): string[] {
  const during = isMap(rule.value) ? listOf(rule.value.during) : []
  const heard = rule.parts.filter((part) => part.name === 'when').flatMap((part) => part.nodes).flatMap((node) => (isMap(node.value) ? [...listOf(node.value.step), ...(isMap(node.value.run) ? listOf(node.value.run.step) : [])] : []))
  return [...new Set([...during, ...heard])]
}

function gotoOf(node: FlowNode): string {
  if (!isMap(node.value) || node.verb !== 'goto') return ''
  const to = node.value.goto
  return textOf(to) || (isMap(to) ? textOf(to.step) || textOf(to.to) || textOf(to.label) : '')
}

export function linksOf(graph: FlowGraph): Link[] {
  const steps = [...walk([...graph.sequence, ...graph.closing])].filter((node) => node.kind === 'step')
  const byId = new Map<string, string>()
  for (const node of steps) {
    if (node.id) byId.set(node.id, node.key)
    if (node.verb === 'label' && isMap(node.value)) byId.set(textOf(node.value.label), node.key)
  }
  const links: Link[] = []
  const add = (from: string, port: string, id: string, of: Link['of']) => {
    const to = byId.get(id)
    if (to && to !== from) links.push({ id: `${port || from}>${to}`, from, port, to, of })
  }
  for (const node of steps) {
    for (const end of node.ends) add(node.key, end.key, endWords(end.value).goto, 'goto')
    add(node.key, '', gotoOf(node), 'goto')
  }
  for (const rule of graph.rules) for (const id of stepsNamed(rule)) add(rule.key, '', id, 'rule')
  return links
}

type Point = readonly [number, number]

/** Where a line leaves: the port of an end, the side of a goto, the left of a rule. */
function startOf({ card, x, y }: Placed, link: Link): Point {
  if (link.of === 'rule') return [x, y + 18]
  const row = card.node.ends.findIndex((end) => end.key === link.port)
  return row < 0 ? [x + card.w, y + 20] : [x + card.w + 4, y + card.h - 5 - (card.node.ends.length - row - 0.5) * END_H]
}

/** Where a line runs up or down: beside all cards between its ends, in the gap before the rules where it comes from one. */
export function bendOf(scene: Scene, link: Link, place: number): number {
  if (link.of === 'rule') return scene.lanes.rules - 24 - (place % 5) * 10
  const [from, to] = [link.from, link.to].map((key) => scene.cards.find((one) => one.card.key === key))
  if (!from || !to) return 0
  const [top, bottom] = [Math.min(from.y, to.y), Math.max(from.y + from.card.h, to.y + to.card.h)]
  const beside = scene.cards.filter((one) => one.card.kind !== 'rule' && one.y < bottom && one.y + one.card.h > top)
  return Math.max(...beside.map((one) => one.x + one.card.w)) + 26 + (place % 4) * 9
}

export interface Drawn {
  link: Link
  path: string
  /** Half way, beside all cards. */
  middle: Point
}

/** All lines as they are drawn. */
export function drawn(scene: Scene, links: readonly Link[]): Drawn[] {
  const byKey = new Map(scene.cards.map((one) => [one.card.key, one]))
  return links.flatMap((link, place) => {
    const [from, to] = [byKey.get(link.from), byKey.get(link.to)]
    if (!from || !to) return []
    const [start, end, bend] = [startOf(from, link), [to.x + to.card.w + 7, to.y + 22] as const, bendOf(scene, link, place)]
    return [{ link, path: pathOf(start, end, bend), middle: [bend, (start[1] + end[1]) / 2] as const }]
  })
}

/** Across, along the bend, and back, with round corners. */
export function pathOf([sx, sy]: Point, [tx, ty]: Point, bend: number): string {
  const corner = Math.min(8, Math.abs(ty - sy) / 2)
  const down = ty >= sy ? corner : -corner
  const [out, back] = [Math.sign(bend - sx) * corner, Math.sign(tx - bend) * corner]
  return `M${sx},${sy} H${bend - out} Q${bend},${sy} ${bend},${sy + down} V${ty - down} Q${bend},${ty} ${bend + back},${ty} H${tx}`
}
