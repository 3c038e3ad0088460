/** Where the arrow keys lead from a node, and what a click with a modifier selects. Pure. */
import { keyOf, type FlowGraph, type FlowNode } from '../model/graph'

function* steps(nodes: readonly FlowNode[]): Generator<FlowNode> {
  for (const node of nodes) {
    yield node
    for (const part of node.parts) yield* steps(part.nodes)
  }
}

/** Limits, steps with those inside, and rules, in the order they are read. */
export const spineOf = (graph: FlowGraph): FlowNode[] => [...graph.limits, ...steps(graph.sequence), ...steps(graph.closing), ...graph.rules]

const insideOf = (node: FlowNode): FlowNode[] => (node.kind === 'rule' ? [...steps([node])].slice(1) : [...node.ends])

/** The card a node stands on: itself, the step of an end, the rule of an action. */
export function cardAround(graph: FlowGraph, node: FlowNode): FlowNode {
  const spine = spineOf(graph)
  let best = node
  for (const one of spine) if (node.key === one.key || node.key.startsWith(`${one.key}/`)) best = one
  return best
}

interface Place { card: FlowNode; inside: FlowNode[]; at: number }

function sideways(graph: FlowGraph, { card, inside, at }: Place, by: 1 | -1): string | null {
  if (by > 0) return inside[at + 1]?.key ?? null
  if (at < 0) return parentOf(graph, card)
  return at > 0 ? (inside[at - 1]?.key ?? null) : card.key
}

/** Among the ends of a step as long as there are any, then from card to card. */
function along(graph: FlowGraph, { card, inside, at }: Place, by: 1 | -1): string | null {
  const beside = at >= 0 ? inside[at + by] : undefined
  if (beside) return beside.key
  const spine = spineOf(graph)
  return spine[spine.findIndex((one) => one.key === card.key) + by]?.key ?? null
}

/** `Home` and `End` lead to the first and the last card. */
export function next(graph: FlowGraph, from: string | undefined, key: string): string | null {
  const node = graph.nodes.get(from ?? '')
  if (!node || key === 'Home' || key === 'End') return spineOf(graph).at(key === 'End' ? -1 : 0)?.key ?? null
  const card = cardAround(graph, node)
  const inside = insideOf(card)
  const place = { card, inside, at: inside.findIndex((one) => one.key === node.key) }
  if (key === 'ArrowRight' || key === 'ArrowLeft') return sideways(graph, place, key === 'ArrowRight' ? 1 : -1)
  return along(graph, place, key === 'ArrowDown' ? 1 : -1)
}

function parentOf(graph: FlowGraph, node: FlowNode): string | null {
  for (let length = node.path.length - 1; length > 0; length -= 1) {
    const found = graph.nodes.get(keyOf(node.path.slice(0, length)))
    if (found) return found.key
  }
  return null
}

/** Ctrl adds or takes away, Shift takes all between. */
export function selected(graph: FlowGraph, now: readonly string[], key: string, keys: { ctrl: boolean; shift: boolean }): string[] {
  if (keys.ctrl) return now.includes(key) ? now.filter((one) => one !== key) : [...now, key]
  const anchor = now[0]
  if (!keys.shift || anchor === undefined) return [key]
  const order = spineOf(graph).map((node) => node.key)
  const [a, b] = [order.indexOf(anchor), order.indexOf(key)]
  if (a < 0 || b < 0) return [key]
  const between = order.slice(Math.min(a, b), Math.max(a, b) + 1)
  return [anchor, ...between.filter((one) => one !== anchor && one !== key), key]
}
