/** What stands on the cards: sentences without what has a place of its own, and ends as ports. Pure. */
import { without } from '@/kit/without'
import { isMap, textOf, type FlowNode, type Plain, type PlainMap } from '../model/graph'
import { sentence } from '../sentences/sentences'

const LOOPS = new Set(['repeat', 'loop'])

/** The ends of a step are its ports, the lists of a box stand below it. */
export function wordsOf(node: FlowNode): string {
  if (!isMap(node.value) || LOOPS.has(node.verb)) return sentence(node.kind, node.value)
  const own = without(node.value, ...(node.ends.length ? ['until'] : []), ...(node.kind === 'action' && node.parts.length ? ['then', 'else', 'do'] : [])) as Plain
  return sentence(node.kind, own).replace(/[:,\s]+$/, '')
}

export interface EndWords {
  name: string
  /** As written. */
  when: string
  /** `for 10 s`, `2 ×`, `CV`. */
  more: string[]
  verdict: string
  goto: string
}

const COUNTS = new Set(['when', 'expr', 'name', 'phase', 'verdict', 'goto', 'max', 'for', 'samples', 'reset', 'hysteresis', 'unknown'])

/** An end as written: an expression, `name: expression`, or a map. */
export function endWords(value: Plain): EndWords {
  const map: PlainMap = isMap(value) ? value : { when: value }
  const long = textOf(map.when) || textOf(map.expr)
  const short = long ? undefined : Object.keys(map).find((key) => !COUNTS.has(key))
  const samples = textOf(map.samples)
  const more = [textOf(map.phase).toUpperCase(), textOf(map.for), samples ? `${samples} ×` : ''].filter(Boolean)
  return { name: textOf(map.name) || (short ?? ''), when: long || textOf(map[short ?? '']), more, verdict: textOf(map.verdict), goto: textOf(map.goto) }
}

/** The condition of a limit as written. */
export const tripOf = (value: Plain): string => (isMap(value) ? textOf(value.trip) || textOf(value.when) : textOf(value))
