/** What was typed as edits of the flow: counts fold the steps before them into a loop, rules and limits go home. */
import { homeOf, insert, withIds, wrap, type Plan, type Planner, type Slot } from '../model/edits'
import { keyOf, valueAt, type FlowGraph, type NodeKind, type Plain } from '../model/graph'
import type { QuickPlace } from '../model/useCommands'
import { parse, type Piece, type Read } from './parse'

export interface Folded {
  /** A count with nothing before it: around what is selected, else around the whole list. */
  around: string | null
  values: { kind: NodeKind; value: Plain }[]
}

export function fold(pieces: readonly Piece[], kind: NodeKind): Folded {
  let around: string | null = null
  let done: Plain[] = []
  let open: Plain[] = []
  const others: Folded['values'] = []
  for (const piece of pieces) {
    if (!('repeat' in piece)) {
      if (piece.kind === kind) open.push(piece.value)
      else others.push(piece)
    } else if (open.length || done.length) {
      const inside = open.length ? open : done
      done = [...(open.length ? done : []), { repeat: piece.repeat, do: inside }]
      open = []
    } else around = piece.repeat
  }
  return { around, values: [...[...done, ...open].map((value) => ({ kind, value })), ...others] }
}

/** From the last section to the first: the places of new ones are counted on the graph as it was. */
const ORDER: readonly NodeKind[] = ['rule', 'step', 'limit']

/** Where a piece goes: to the place that was asked for, or to the end of its section. */
export function slotOf(graph: FlowGraph, kind: NodeKind, at: QuickPlace): Slot {
  return kind === at.kind ? at.slot : homeOf(graph, kind)
}

/** All of it as one step. */
export const insertAll = (values: Folded['values'], at: QuickPlace): Planner => (graph) => {
  const kinds = [...new Set(values.map((one) => one.kind))].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b))
  const plans = kinds.map((kind) => {
    const mine = values.filter((one) => one.kind === kind).map((one) => one.value)
    return [kind, insert(slotOf(graph, kind, at), withIds(graph, mine, kind))(graph)] as const
  })
  const edits = plans.flatMap(([, plan]) => plan?.edits ?? [])
  const shown: Plan | null | undefined = (plans.find(([kind]) => kind === at.kind) ?? plans[0])?.[1]
  return edits.length ? { edits, select: shown?.select ?? [] } : null
}

/** Around what is selected if it stands in this list, else around the whole list. */
export function wrapAll(count: string, selected: readonly string[], at: QuickPlace): Planner {
  return (graph) => {
    const here = selected.filter((key) => graph.nodes.get(key)?.kind === 'step')
    const list = valueAt({ sequence: graph.sequence.map((node) => node.value) } as Plain, ['sequence'])
    const all = at.slot.list.length === 1 && Array.isArray(list) ? list.map((_, n) => keyOf([...at.slot.list, n])) : []
    const keys = here.length ? here : all.filter((key) => graph.nodes.has(key))
    return keys.length ? wrap(keys, { repeat: count })(graph) : null
  }
}

const HOME: QuickPlace['kind'][] = ['rule', 'limit', 'end', 'trigger', 'check', 'action']

/** Reads for the place; a phrase that only makes sense as steps goes to the sequence. */
export function readFor(text: string, place: QuickPlace, graph: FlowGraph): { read: Read; place: QuickPlace } {
  const read = parse(text, place.kind)
  if (!read.problem || !HOME.includes(place.kind)) return { read, place }
  const other: QuickPlace = { kind: 'step', slot: homeOf(graph, 'step') }
  const again = parse(text, 'step')
  return again.problem ? { read, place } : { read: again, place: other }
}
