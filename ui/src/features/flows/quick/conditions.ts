/** Comparisons in shorthand: `t>45` is `temp > 45 °C`; what becomes of one as limit, rule or end. */
import type { PlainMap } from '../model/graph'
import { meant, quantity, type Dimension } from './quantities'

const NAMES: Record<string, string> = { t: 'temp', temp: 'temp', u: 'voltage', v: 'voltage', voltage: 'voltage', i: 'current', current: 'current', p: 'power', power: 'power', q: 'step.ah', ah: 'step.ah', time: 'step.time' }
const MEASURES: Record<string, Dimension> = { temp: 'temp', voltage: 'voltage', current: 'current', power: 'power', 'step.ah': 'charge', 'step.time': 'time', 'run.time': 'time' }
const COMPARED = /^([A-Za-z_][\w.]*)\s*(>=|<=|==|!=|>|<)\s*([^<>=!]+)$/
const SIGNS: [RegExp, string][] = [[/≥/g, '>='], [/≤/g, '<='], [/≠/g, '!='], [/=>/g, '>='], [/=</g, '<=']]

/** What a name of a point measures, by its last word. */
function measureOf(name: string): Dimension {
  const known = MEASURES[name]
  if (known) return known
  return /temp/i.test(name) ? 'temp' : /(^|[._])[ui]?_?(volt|v|u)(_|$)/i.test(name) ? 'voltage' : 'none'
}

/** An expression with its shorthands written out; anything else stays as it is. */
export function condition(text: string): string {
  const plain = SIGNS.reduce((made, [sign, word]) => made.replace(sign, word), text.trim())
  const found = COMPARED.exec(plain)
  if (!found) return plain
  const name = NAMES[(found[1] ?? '').toLowerCase()] ?? found[1] ?? ''
  const side = (found[3] ?? '').trim()
  return `${name} ${found[2]} ${quantity(side) ? meant(side, measureOf(name)) : side}`
}

/** It compares something: what may stand without a verb. */
export const isCondition = (text: string): boolean => /[<>≥≤≠]|==|!=/.test(text) && !/^[\s<>≥≤=!]/.test(text)

const isHot = (expr: string): boolean => /(^|[._])(\w*temp\w*)\s*>/.test(expr)
const nameOf = (expr: string): string => (isHot(expr) ? 'hot' : (/[a-z]+/i.exec(expr.split('.').at(-1) ?? '')?.[0] ?? 'limit').toLowerCase())

/** Watched on every sample; trips the run. */
export const limitOf = (text: string): PlainMap => {
  const trip = condition(text)
  return { id: nameOf(trip), trip, samples: '2' }
}

/** An alarm, and the outputs of the run to their safe state. */
export function ruleOf(text: string): PlainMap {
  const expr = condition(text)
  const title = isHot(expr) ? 'Over-temperature' : `Watch ${expr.split(/\s*[<>=!]/)[0] ?? ''}`.trim()
  return { id: nameOf(expr), title, when: { expr, samples: '2' }, then: [{ alarm: { severity: 'critical', text: isHot(expr) ? 'Over-temperature' : expr } }, { safe_state: 'channel' }] }
}

/** An end of a step; a duration alone is its time. */
export function endOf(text: string): PlainMap | null {
  const time = quantity(text)
  if (time?.dimension === 'time') return { name: 'time', when: `step.time > ${time.text}` }
  return isCondition(text) ? { when: condition(text) } : null
}
