/** Where on a card something from the palette goes: into a column of a rule, or behind the ends of a step. Pure. */
import type { FlowGraph, NodeKind } from '../model/graph'
import type { QuickPlace } from '../model/useCommands'
import { columnsOf } from './ruleRows'

/** `column`: the one under the pointer; it wins where the block fits there. */
export function zoneOf(graph: FlowGraph, key: string, kinds: readonly NodeKind[], column = ''): QuickPlace | null {
  const node = graph.nodes.get(key)
  if (node?.kind === 'rule') {
    const fitting = columnsOf(node).filter((one) => kinds.includes(one.kind))
    const found = fitting.find((one) => one.name === column) ?? fitting[0]
    return found ? { kind: found.kind, slot: { list: found.list, index: found.index } } : null
  }
  return node?.kind === 'step' && kinds.includes('end') && !node.parts.length ? { kind: 'end', slot: { list: [...node.path, 'until'], index: node.ends.length } } : null
}
