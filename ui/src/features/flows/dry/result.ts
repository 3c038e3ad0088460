/** What a dry run came to, by step and by rule. */
import type { OutlineStep, PredictedStep, Prediction } from '@/api/types'
import type { FlowGraph, FlowNode } from '../model/graph'

/** The id of a step in a run leads to its node: what the server calls it, else what is written. */
export function keysOf(graph: FlowGraph, factsOf: (node: FlowNode) => OutlineStep | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const node of graph.nodes.values()) {
    const id = node.kind === 'step' ? (factsOf(node)?.id ?? node.id) : ''
    if (id && !found.has(id)) found.set(id, node.key)
  }
  return found
}

/** The step that is under way at a time; the place in the list, -1 for none. */
export const stepAt = (steps: readonly Pick<PredictedStep, 'start_s' | 'end_s'>[], at: number): number => steps.findIndex((step) => at >= step.start_s && at < step.end_s)

export interface Firing {
  rule: string
  count: number
  first: number
}

export function firingsOf(fired: Prediction['fired']): Firing[] {
  const byRule = new Map<string, Firing>()
  for (const { rule, at } of fired ?? []) {
    const known = byRule.get(rule)
    byRule.set(rule, known ? { ...known, count: known.count + 1 } : { rule, count: 1, first: at })
  }
  return [...byRule.values()]
}
