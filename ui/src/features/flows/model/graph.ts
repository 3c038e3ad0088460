/**
 * The flow as a graph: what all views show, made from the text and never changed.
 *
 * Nobody edits a node. An edit names a path of the text (see `edits.ts`), the server's patcher makes it, and a new
 * graph is read. A node that stands where it stood with the same source is the same object as before.
 */
export type Path = readonly (string | number)[]
export type Plain = string | null | Plain[] | { [key: string]: Plain }
export type PlainMap = { [key: string]: Plain }

export type NodeKind = 'limit' | 'step' | 'end' | 'rule' | 'trigger' | 'check' | 'action'

/** A list inside a node: `do` of a loop, `when` of a rule, a branch. */
export interface Part {
  /** `do`, `then`, `else`, `when`, `if`, or the number of a branch. */
  name: string
  /** Of the list; of the single item itself where the file has no list. */
  path: Path
  isList: boolean
  nodes: readonly FlowNode[]
}

export interface FlowNode {
  kind: NodeKind
  /** The path as text; what a selection holds. */
  key: string
  path: Path
  /** First and last line in the text, from 1. */
  line: number
  endLine: number
  source: string
  /** All that is written in it; scalars are text. */
  value: Plain
  /** `charge`, `repeat`, `marker`, `expr` …; empty for rules, limits and ends. */
  verb: string
  id: string
  /** Name, title or id as written; may be empty. */
  title: string
  enabled: boolean
  ends: readonly FlowNode[]
  parts: readonly Part[]
}

export interface FlowGraph {
  text: string
  /** False: the text cannot be read; the rest is that of the last text that could. */
  readable: boolean
  /** Keys at the top: version, id, title, cell, channel, parameters … */
  head: PlainMap
  limits: readonly FlowNode[]
  sequence: readonly FlowNode[]
  closing: readonly FlowNode[]
  rules: readonly FlowNode[]
  /** Places of nodes moved by hand, by id. */
  layout: Readonly<Record<string, readonly [number, number]>>
  /** All nodes by key, in the order of the text. */
  nodes: ReadonlyMap<string, FlowNode>
}

export const keyOf = (path: Path): string => path.join('/')
export const isMap = (value: unknown): value is PlainMap => typeof value === 'object' && value !== null && !Array.isArray(value)
export const textOf = (value: Plain | undefined): string => (typeof value === 'string' ? value : '')

/** A node and all inside it. */
export function* walk(nodes: readonly FlowNode[]): Generator<FlowNode> {
  for (const node of nodes) {
    yield node
    yield* walk(node.ends)
    for (const part of node.parts) yield* walk(part.nodes)
  }
}

/** The list a node stands in: its path and its place there; null for a single item without a list. */
export function placeOf(node: FlowNode): { list: Path; index: number } | null {
  const index = node.path.at(-1)
  return typeof index === 'number' ? { list: node.path.slice(0, -1), index } : null
}

/** What stands under a path of the text. */
export function valueAt(root: Plain | undefined, path: Path): Plain | undefined {
  let at: Plain | undefined = root
  for (const step of path) {
    if (Array.isArray(at)) at = at[Number(step)]
    else if (isMap(at)) at = at[String(step)]
    else return undefined
  }
  return at
}

/** The innermost node of a line. */
export function nodeAtLine(graph: FlowGraph, line: number): FlowNode | null {
  let found: FlowNode | null = null
  for (const node of graph.nodes.values()) if (node.line <= line && line <= node.endLine) found = node
  return found
}

/** The rule a node is, or stands in. */
export function ruleAround(graph: FlowGraph, node: FlowNode): FlowNode | null {
  const path = node.path[0] === 'rules' ? node.path.slice(0, 2) : []
  return path.length === 2 ? nodeAtPath(graph, path) : null
}

/** The innermost node at or above a path of the text. */
export function nodeAtPath(graph: FlowGraph, path: Path): FlowNode | null {
  for (let length = path.length; length > 0; length -= 1) {
    const node = graph.nodes.get(keyOf(path.slice(0, length)))
    if (node) return node
  }
  return null
}

/** All of the text as plain values, but for the layout. */
export function rootOf(graph: FlowGraph): PlainMap {
  const of = (nodes: readonly FlowNode[]) => nodes.map((node) => node.value)
  return { ...graph.head, limits: of(graph.limits), sequence: of(graph.sequence), finally: of(graph.closing), rules: of(graph.rules) }
}

/** What a plain value is, by its keys. */
export function kindOf(value: Plain | undefined): NodeKind {
  if (!isMap(value)) return 'step'
  if ('trip' in value) return 'limit'
  return 'when' in value && 'then' in value ? 'rule' : 'step'
}

/** What a drag from the palette carries: a JSON list of plain values. */
export const NODES_TYPE = 'application/x-ionpy-nodes'
