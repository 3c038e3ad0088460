/** What stands on the cards: sentences of steps, ends as ports, triggers, conditions and actions in short. Pure. */
import { prettyExpression } from '@/kit/pretty'
import { isMap, textOf, type FlowNode, type Plain, type PlainMap } from '../model/graph'

const TEXTS = ['text', 'label', 'message', 'expr', 'title', 'do']

/** `{severity: warning, text: Hot}` reads `Hot (severity warning)`. */
export function inShort(value: Plain | undefined): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return prettyExpression(value)
  if (Array.isArray(value)) return value.map(inShort).join(', ')
  const main = TEXTS.find((key) => key in value)
  const rest = Object.entries(value).filter(([key]) => key !== main).map(([key, inner]) => `${key.replaceAll('_', ' ')} ${inShort(inner)}`.trim()).join(', ')
  if (!main) return rest
  return rest ? `${inShort(value[main])} (${rest})` : inShort(value[main])
}

/** A verb and what belongs to it, without the words around. */
export function inWords(node: FlowNode): string {
  if (!isMap(node.value)) return prettyExpression(textOf(node.value).replaceAll('_', ' '))
  const verb = node.verb
  if (verb === 'expr') return inShort(node.value.expr)
  const own = inShort(node.value[verb])
  return `${verb.replaceAll('_', ' ')}${own ? `: ${own}` : ''}`
}

export interface EndWords {
  name: string
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
  const other = Object.keys(map).find((key) => !COUNTS.has(key))
  const when = textOf(map.when) || textOf(map.expr) || (other ? textOf(map[other]) : '')
  const samples = textOf(map.samples)
  const more = [textOf(map.phase).toUpperCase(), textOf(map.for), samples ? `${samples} ×` : ''].filter(Boolean)
  return { name: textOf(map.name) || (textOf(map.when) || textOf(map.expr) ? '' : (other ?? '')), when, more, verdict: textOf(map.verdict), goto: textOf(map.goto) }
}

/** The condition of a limit as written. */
export const tripOf = (value: Plain): string => (isMap(value) ? textOf(value.trip) || textOf(value.when) : textOf(value))

/** Without a word from the server: the verb and its values. */
export function plainSentence(node: FlowNode): string {
  const map = isMap(node.value) ? node.value : {}
  const own = inShort(map[node.verb])
  const what = node.verb.replaceAll('_', ' ')
  const first = what.charAt(0).toUpperCase() + what.slice(1)
  return own ? `${first} ${own}` : first
}
