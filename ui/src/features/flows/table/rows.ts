/** The flow as rows in the order of a cycler's table: limits on top, steps, what always runs at the end, rules. */
import type { FlowGraph, FlowNode, Part } from '../model/graph'
import type { QuickPlace } from '../model/useCommands'

export type Section = 'limits' | 'sequence' | 'finally' | 'rules'

export type Row =
  | { type: 'section'; key: string; section: Section; place: QuickPlace; empty: boolean }
  | { type: 'part'; key: string; name: string; level: number; place: QuickPlace | null }
  | { type: 'node'; key: string; node: FlowNode; level: number; number: string; role: string }

const KINDS = { limits: 'limit', sequence: 'step', finally: 'step', rules: 'rule' } as const
const MARKS: Record<Section, string> = { limits: 'L', sequence: '', finally: 'F', rules: 'R' }
/** Parts that need a word of their own; the others are told by their indent. */
const hasHeading = (node: FlowNode, part: Part): boolean => node.kind !== 'rule' && (part.name === 'else' || /^\d+$/.test(part.name))

function nodeRows(nodes: readonly FlowNode[], level: number, prefix: string, role = ''): Row[] {
  return nodes.flatMap((node, index): Row[] => {
    const number = role ? '' : `${prefix}${index + 1}`
    const row: Row = { type: 'node', key: node.key, node, level, number, role: index === 0 ? role : role && '·' }
    return [row, ...node.parts.flatMap((part) => partRows(node, part, level, number))]
  })
}

function partRows(node: FlowNode, part: Part, level: number, number: string): Row[] {
  if (node.kind === 'rule') return nodeRows(part.nodes, level + 1, '', part.name)
  const place: QuickPlace | null = part.isList ? { slot: { list: part.path, index: part.nodes.length }, kind: node.kind } : null
  const head: Row[] = hasHeading(node, part) ? [{ type: 'part', key: `part ${part.path.join('/')}`, name: part.name, level: level + 1, place }] : []
  const prefix = /^\d+$/.test(part.name) ? `${number}.${part.name}.` : part.name === 'else' ? `${number}.e` : `${number}.`
  return [...head, ...nodeRows(part.nodes, level + 1, number ? prefix : '')]
}

export function rowsOf(graph: FlowGraph): Row[] {
  const lists: Record<Section, readonly FlowNode[]> = { limits: graph.limits, sequence: graph.sequence, finally: graph.closing, rules: graph.rules }
  return (Object.keys(lists) as Section[]).flatMap((section): Row[] => {
    const nodes = lists[section]
    if (!nodes.length && section === 'finally') return []
    const place: QuickPlace = { slot: { list: [section], index: nodes.length }, kind: KINDS[section] }
    return [{ type: 'section', key: `section ${section}`, section, place, empty: !nodes.length }, ...nodeRows(nodes, 1, MARKS[section])]
  })
}

/** Keys of all rows from one to the other, both included. */
export function between(rows: readonly Row[], from: string, to: string): string[] {
  const keys = rows.filter((row) => row.type === 'node').map((row) => row.key)
  const [a, b] = [keys.indexOf(from), keys.indexOf(to)]
  if (a < 0 || b < 0) return [to]
  const span = keys.slice(Math.min(a, b), Math.max(a, b) + 1)
  return b < a ? span.reverse() : span
}

/** The row `by` steps away; stays at the ends. */
export function stepFrom(rows: readonly Row[], key: string | null, by: number): string | null {
  const keys = rows.filter((row) => row.type === 'node').map((row) => row.key)
  const at = key === null ? -1 : keys.indexOf(key)
  if (at < 0) return keys[by < 0 ? keys.length - 1 : 0] ?? null
  return keys[Math.max(0, Math.min(keys.length - 1, at + by))] ?? null
}
