/** Parts that a draft changes, in words and as marks on the nodes of the graph. */
import type { FlowChange } from '@/api/flowEdits'
import type { Mark } from '../canvas/marks'
import { keyOf, nodeAtPath, type FlowGraph, type FlowNode, type Path } from '../model/graph'

export interface ChangedPart {
  kind: FlowChange['kind']
  /** Title, id or verb of the node, and what inside it: `charge · voltage`. */
  title: string
  line: number | null
}

/** The innermost node at or above a path, and what is left of the path below it. */
function nodeAt(graph: FlowGraph, path: Path): { node: FlowNode | null; rest: Path } {
  const node = nodeAtPath(graph, path)
  return { node, rest: path.slice(node?.path.length ?? 0) }
}

/** The step an end belongs to, the rule of an action. */
function ownerOf(graph: FlowGraph, node: FlowNode): FlowNode | null {
  for (let length = node.path.length - 1; length > 0; length -= 1) {
    const found = graph.nodes.get(keyOf(node.path.slice(0, length)))
    if (found && ['step', 'rule'].includes(found.kind)) return found
  }
  return null
}

const SECTIONS: Record<string, (graph: FlowGraph) => readonly FlowNode[]> = { limits: (graph) => graph.limits, sequence: (graph) => graph.sequence, finally: (graph) => graph.closing, rules: (graph) => graph.rules }

/** A list that comes or goes as a whole is told by what stands in it. */
function single(changes: readonly FlowChange[], before: FlowGraph, after: FlowGraph): FlowChange[] {
  return changes.flatMap((change) => {
    const nodesOf = change.kind === 'changed' || change.path.length > 1 ? undefined : SECTIONS[String(change.path[0])]
    const nodes = nodesOf?.(change.kind === 'removed' ? before : after) ?? []
    return nodes.length ? nodes.map((node) => ({ kind: change.kind, path: [...node.path] })) : [change]
  })
}

/** Removed parts have their path in the graph from before. */
export function partsOf(changes: readonly FlowChange[], before: FlowGraph, after: FlowGraph): ChangedPart[] {
  return single(changes, before, after).map(({ kind, path }) => {
    const { node, rest } = nodeAt(kind === 'removed' ? before : after, path)
    const owner = node && ['end', 'trigger', 'check', 'action'].includes(node.kind) ? ownerOf(kind === 'removed' ? before : after, node) : null
    const inside = rest.filter((word) => typeof word === 'string')
    return { kind, title: [owner ? owner.title || owner.verb : '', node ? node.title || node.verb : '', ...inside].filter(Boolean).join(' · '), line: kind === 'removed' ? null : (node?.line ?? null) }
  })
}

/** What is new or changed is marked on its node; what is gone leaves its mark on what it stood in. */
export function marksOf(changes: readonly FlowChange[], before: FlowGraph, after: FlowGraph, noteOf: (part: ChangedPart) => string): Map<string, Mark> {
  const marks = new Map<string, Mark>()
  const parts = partsOf(changes, before, after)
  single(changes, before, after).forEach(({ kind, path }, place) => {
    const { node, rest } = nodeAt(after, kind === 'removed' ? path.slice(0, -1) : path)
    const part = parts[place]
    if (!node || !part || marks.get(node.key)?.state === 'added') return
    const state = kind === 'added' && rest.length === 0 ? 'added' : 'changed'
    const note = [marks.get(node.key)?.note, noteOf(part)].filter(Boolean).join('; ')
    marks.set(node.key, { state, note })
  })
  return marks
}
