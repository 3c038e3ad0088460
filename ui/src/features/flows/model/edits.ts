/**
 * What a person does, as edits for the server's patcher; pure functions of the graph.
 *
 * A plan also says what is selected afterwards. Null: there is nothing to do.
 */
import { isMap, keyOf, placeOf, rootOf, textOf, valueAt, walk, type FlowGraph, type FlowNode, type NodeKind, type Path, type Plain, type PlainMap } from './graph'

export interface Edit {
  op: 'set' | 'insert' | 'remove' | 'rename' | 'move' | 'duplicate' | 'layout' | 'quote'
  path?: Path
  value?: unknown
  to?: Path
  name?: string
  at?: number
}

export interface Plan {
  edits: Edit[]
  /** Keys that are selected afterwards. */
  select?: string[]
}

export type Planner = (graph: FlowGraph) => Plan | null

/** A place in a list of steps, actions, limits or rules. */
export interface Slot {
  list: Path
  index: number
}

const ORDER: Record<string, number> = { limits: 90, sequence: 91, finally: 92, rules: 93 }

const has = (graph: FlowGraph, section: string): boolean => valueAt(rootOf(graph), [section]) !== undefined && [...graph.nodes.keys()].some((key) => key === section || key.startsWith(`${section}/`))

/** Where a section that is not there yet belongs. */
function placeOfSection(graph: FlowGraph, section: string): number {
  const before = Object.keys(ORDER).filter((name) => name !== section && has(graph, name) && (ORDER[name] ?? 0) < (ORDER[section] ?? 0))
  return Object.keys(graph.head).length + before.length
}

/** Ids that are taken, by the list they must be unique in. */
export function takenIds(graph: FlowGraph, kind: NodeKind): Set<string> {
  const from = kind === 'rule' ? graph.rules : kind === 'limit' ? graph.limits : [...graph.sequence, ...graph.closing]
  return new Set([...walk(from)].map((node) => node.id).filter(Boolean))
}

/** `charge`, `charge-2`, `charge-3` … */
export function freeId(wanted: string, taken: Set<string>): string {
  const stem = wanted.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '-').replace(/^-+|-+$/g, '').replace(/-\d+$/, '') || 'step'
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? stem : `${stem}-${number}`
    if (!taken.has(id)) return id
  }
}

const SECTIONS = { rule: 'rules', limit: 'limits', step: 'sequence' } as const

/** The end of the section where a kind of node is at home. */
export function homeOf(graph: FlowGraph, kind: NodeKind): Slot {
  const section = SECTIONS[kind as keyof typeof SECTIONS] ?? 'sequence'
  return { list: [section], index: graph[section].length }
}

const RULE_ORDER = ['id', 'title', 'enabled', 'scope', 'during', 'when', 'if', 'then', 'else']

/** Where a part of a rule that is not there yet belongs: `if` stands between `when` and `then`. */
function orderIn(graph: FlowGraph, list: Path): { at?: number } {
  const rule = valueAt(rootOf(graph), list.slice(0, -1))
  const own = RULE_ORDER.indexOf(String(list.at(-1)))
  if (list[0] !== 'rules' || list.length !== 3 || own < 0 || !isMap(rule) || String(list.at(-1)) in rule) return {}
  return { at: Object.keys(rule).filter((key) => RULE_ORDER.indexOf(key) < own).length }
}

/** Items put into a list one after the other; a section that is missing comes into being. */
export function insert(slot: Slot, values: readonly Plain[]): Planner {
  return (graph) => {
    const [section] = slot.list
    const found = valueAt(rootOf(graph), slot.list)
    if (slot.list.length === 1 && !has(graph, String(section))) {
      const at = placeOfSection(graph, String(section))
      return { edits: [{ op: found === undefined || !(String(section) in graph.head) ? 'insert' : 'set', path: slot.list, value: values, at }], select: values.map((_, n) => keyOf([...slot.list, n])) }
    }
    if (!Array.isArray(found)) {
      const kept = found === undefined || found === null ? [] : [found]
      return { edits: [{ op: 'set', path: slot.list, value: [...kept, ...values], ...orderIn(graph, slot.list) }], select: values.map((_, n) => keyOf([...slot.list, kept.length + n])) }
    }
    const index = Math.min(slot.index, found.length)
    return {
      edits: values.map((value, n) => ({ op: 'insert', path: [...slot.list, index + n], value })),
      select: values.map((_, n) => keyOf([...slot.list, index + n])),
    }
  }
}

/** Steps get ids nobody has; what is inside them too. */
export function withIds(graph: FlowGraph, values: readonly Plain[], kind: NodeKind): Plain[] {
  const taken = takenIds(graph, kind)
  const one = (value: Plain): Plain => {
    if (!isMap(value)) return value
    const id = textOf(value.id)
    const next = id ? freeId(id, taken) : ''
    if (next) taken.add(next)
    const inner = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, ['do', 'then', 'else'].includes(key) && Array.isArray(child) ? child.map(one) : child]))
    return next ? { ...inner, id: next } : inner
  }
  return values.map(one)
}

/** Removes nodes; limits only when they alone are meant (see `removeLimit`). */
export function remove(keys: readonly string[]): Planner {
  return (graph) => {
    const doomed = outermost(graph, keys).filter((node) => node.kind !== 'limit')
    if (!doomed.length) return null
    const first = doomed[0] as FlowNode
    return { edits: [...doomed].reverse().map((node) => ({ op: 'remove', path: removable(graph, node) })), select: neighbourOf(graph, first, doomed) }
  }
}

export const removeLimit = (key: string): Planner => (graph) => {
  const node = graph.nodes.get(key)
  return node ? { edits: [{ op: 'remove', path: removable(graph, node) }], select: [] } : null
}

/** The last item takes its list with it, where a list must not be empty. */
function removable(graph: FlowGraph, node: FlowNode): Path {
  const place = placeOf(node)
  if (!place) return node.path
  const list = valueAt(rootOf(graph), place.list)
  const last = place.list.at(-1)
  const must = place.list.length === 1 || last === 'until' || last === 'if' || last === 'else'
  return Array.isArray(list) && list.length === 1 && must ? place.list : node.path
}

function neighbourOf(graph: FlowGraph, first: FlowNode, doomed: readonly FlowNode[]): string[] {
  const place = placeOf(first)
  if (!place) return []
  const list = valueAt(rootOf(graph), place.list)
  const left = (Array.isArray(list) ? list.length : 0) - doomed.filter((node) => keyOf(node.path.slice(0, -1)) === keyOf(place.list)).length
  return left > 0 ? [keyOf([...place.list, Math.min(place.index, left - 1)])] : []
}

/** Selected nodes without those inside another selected one, in the order of the text. */
export function outermost(graph: FlowGraph, keys: readonly string[]): FlowNode[] {
  const chosen = [...graph.nodes.values()].filter((node) => keys.includes(node.key))
  return chosen.filter((node) => !chosen.some((other) => other !== node && node.key.startsWith(`${other.key}/`)))
}

/** One place up or down inside its list. */
export function shift(key: string, by: 1 | -1): Planner {
  return (graph) => {
    const node = graph.nodes.get(key)
    const place = node && placeOf(node)
    if (!node || !place) return null
    const list = valueAt(rootOf(graph), place.list)
    const index = place.index + by
    if (!Array.isArray(list) || index < 0 || index >= list.length) return null
    const to = [...place.list, index]
    return { edits: [{ op: 'move', path: node.path, to }], select: [keyOf(to)] }
  }
}

export function duplicate(key: string): Planner {
  return (graph) => {
    const node = graph.nodes.get(key)
    const place = node && placeOf(node)
    if (!node || !place) return null
    const to = [...place.list, place.index + 1]
    const inner = [...walk([node])].filter((one) => one.id)
    const taken = takenIds(graph, node.kind)
    const renamed = inner.map((one): Edit => {
      const id = freeId(one.id, taken)
      taken.add(id)
      return { op: 'set', path: [...to, ...one.path.slice(node.path.length), 'id'], value: id }
    })
    return { edits: [{ op: 'duplicate', path: node.path, to }, ...renamed], select: [keyOf(to)] }
  }
}

/** On or off; `enabled` stands only where something is off. */
export function toggle(keys: readonly string[]): Planner {
  return (graph) => {
    const nodes = keys.map((key) => graph.nodes.get(key)).filter((node): node is FlowNode => node !== undefined && ['step', 'action', 'rule'].includes(node.kind) && isMap(node.value))
    if (!nodes.length) return null
    return { edits: nodes.map((node) => (node.enabled ? { op: 'set', path: [...node.path, 'enabled'], value: 'false' } : { op: 'remove', path: [...node.path, 'enabled'] })), select: [...keys] }
  }
}

/** One value; an empty text takes the key out. */
export function setValue(path: Path, value: unknown): Planner {
  return () => ({ edits: [value === '' || value === undefined ? { op: 'remove', path } : { op: 'set', path, value }] })
}

/** Neighbouring steps into a loop around them. */
export function wrap(keys: readonly string[], around: PlainMap, inside = 'do'): Planner {
  return (graph) => {
    const nodes = outermost(graph, keys).filter((node) => node.kind === 'step' || node.kind === 'action')
    const place = nodes[0] && placeOf(nodes[0])
    if (!place || nodes.some((node, n) => keyOf(node.path) !== keyOf([...place.list, place.index + n]))) return null
    const at = [...place.list, place.index]
    const moves = nodes.slice(1).map((_, n): Edit => ({ op: 'move', path: [...place.list, place.index + 1], to: [...at, inside, n + 1] }))
    // The box is born with a step, so that its list is written line by line; that step leaves at once.
    const first: Edit[] = [
      { op: 'insert', path: at, value: { ...around, [inside]: [{ label: 'here' }] } },
      { op: 'move', path: [...place.list, place.index + 1], to: [...at, inside, 0] },
      { op: 'remove', path: [...at, inside, 1] },
    ]
    return { edits: [...first, ...moves], select: [keyOf(at)] }
  }
}

/** A box gone, its steps in its place. */
export function unwrap(key: string): Planner {
  return (graph) => {
    const node = graph.nodes.get(key)
    const place = node && placeOf(node)
    const parts = node?.parts.filter((part) => part.isList) ?? []
    const inner = parts.flatMap((part) => part.nodes.map(() => part.path.slice(place ? place.list.length + 1 : 0)))
    if (!place || !inner.length || node.kind === 'rule') return null
    const out = inner.map((part, n): Edit => ({ op: 'move', path: [...place.list, place.index + n, ...part, 0], to: [...place.list, place.index + n] }))
    return { edits: [...out, { op: 'remove', path: [...place.list, place.index + inner.length] }], select: inner.map((_, n) => keyOf([...place.list, place.index + n])) }
  }
}

/** Where a node stands on the canvas; null forgets it. */
export const layout = (id: string, at: readonly [number, number] | null): Planner => () => ({ edits: [{ op: 'layout', path: [id], value: at }] })
