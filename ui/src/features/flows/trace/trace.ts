/** The path of a past run over its flow, as marks on nodes at a place of the run. */
import type { RunStep, Verdict } from '@/api/types'
import type { Mark, MarkState } from '../canvas/marks'
import type { FlowGraph } from '../model/graph'

const BAD: readonly Verdict[] = ['fail', 'error', 'aborted']

export interface Words {
  /** Why it ended, with the value: `taper · 0.12`. */
  endOf: (step: RunStep) => string
  round: (n: number) => string
  skipped: string
}

function stateOf(step: RunStep, isNow: boolean): MarkState {
  if (isNow) return 'running'
  if (BAD.includes(step.verdict)) return 'failed'
  return step.verdict === 'inconclusive' ? 'inconclusive' : 'passed'
}

/**
 * Marks of all that was done up to and with a step of the list; behind the last one what was never reached is skipped.
 * `keys`: nodes by what the server calls a step. A box is marked by what was done in it.
 */
export function marksAt(graph: FlowGraph, keys: ReadonlyMap<string, string>, steps: readonly RunStep[], place: number, words: Words): Map<string, Mark> {
  const marks = new Map<string, Mark>()
  const rounds = new Map<string, number>()
  const isEnd = place >= steps.length
  steps.slice(0, place + 1).forEach((step, n) => {
    const key = keys.get(step.step_id)
    if (!key) return
    const count = (rounds.get(key) ?? 0) + 1
    rounds.set(key, count)
    const isNow = !isEnd && n === place
    const note = [count > 1 ? words.round(count) : '', isNow ? '' : words.endOf(step)].filter(Boolean).join(' · ')
    marks.set(key, { state: stateOf(step, isNow), ...(note ? { note } : {}) })
  })
  if (isEnd) {
    const done = [...marks.keys()]
    for (const node of [...graph.nodes.values()].filter((one) => one.kind === 'step')) {
      if (!marks.has(node.key) && !done.some((key) => key.startsWith(`${node.key}/`))) marks.set(node.key, { state: 'skipped', note: words.skipped })
    }
  }
  return marks
}

/** The place in the list at a time since the start; past the last end the place behind the list. */
export function placeAt(steps: readonly RunStep[], started: number, seconds: number): number {
  const at = started + seconds
  const last = steps.at(-1)
  if (!last || (last.ended !== null && at >= last.ended)) return steps.length
  for (let n = steps.length - 1; n >= 0; n -= 1) if ((steps[n]?.started ?? Infinity) <= at) return n
  return 0
}
