/** A rule as the rows of its card: what is in `when`, `if`, `then` and `else`, and how high that is. Pure. */
import type { FlowNode, NodeKind, Path } from '../model/graph'

export const RULE_W = 700
export const ROW_H = 40
const HEAD_H = 38
const COLUMN_HEAD_H = 22
const ADD_H = 26
const PAD = 8

export interface RuleRow { node: FlowNode; depth: number }
export interface RuleColumn {
  name: 'when' | 'if' | 'then' | 'else'
  rows: RuleRow[]
  /** Where the next one goes. */
  list: Path
  index: number
  kind: NodeKind
}

const KINDS = { when: 'trigger', if: 'check', then: 'action', else: 'action' } as const

/** Actions inside actions are shown below them, one step to the right. */
function rowsOf(nodes: readonly FlowNode[], depth = 0): RuleRow[] {
  return nodes.flatMap((node) => [{ node, depth }, ...node.parts.flatMap((part) => rowsOf(part.nodes, depth + 1))])
}

/** `else` only where the file has one. */
export function columnsOf(rule: FlowNode): RuleColumn[] {
  return (['when', 'if', 'then', 'else'] as const).flatMap((name) => {
    const part = rule.parts.find((one) => one.name === name)
    if (!part && name === 'else') return []
    const nodes = part?.nodes ?? []
    return [{ name, rows: rowsOf(nodes), list: [...rule.path, name], index: nodes.length, kind: KINDS[name] }]
  })
}

export function ruleHeight(rule: FlowNode): number {
  const tall = (names: string[]) => columnsOf(rule).filter((one) => names.includes(one.name)).reduce((sum, one) => sum + COLUMN_HEAD_H + one.rows.length * ROW_H + ADD_H, 0)
  return HEAD_H + Math.max(tall(['when']), tall(['if']), tall(['then', 'else'])) + PAD
}
