/** Conditions and ends as people read them: `voltage >= 4.2 V` is `U ≥ 4.2 V`; display only, never sent back. */
import { prettyExpression } from '@/kit/pretty'
import { isMap, textOf, type Plain, type PlainMap } from '../model/graph'
import { t } from './messages'

const LETTERS: Record<string, string> = { voltage: 'U', current: 'I', power: 'P', temp: 'T', 'step.time': 't', 'step.ah': 'Q' }
const NAMES = /(?<![\w.$])(step\.time|step\.ah|voltage|current|power|temp)(?![\w.(])/g
/** A bound by time alone: `step.time > 3 h`. */
const BOUND = /^\s*step\.time\s*>=?\s*([\d.]+\s*[a-z]+|\$\w+)\s*$/

/** Words between conditions, outside of texts in quotes. */
const JOINTS = /"[^"]*"|'[^']*'|(?<![\w.])(and|or|not)(?![\w.])/g

export function expressionText(source: string): string {
  const spoken = source.replace(JOINTS, (found, word?: 'and' | 'or' | 'not') => (word ? t(word) : found))
  return prettyExpression(spoken.replace(NAMES, (name) => LETTERS[name] ?? name)).trim()
}

/** The condition of an end or limit, in any of its spellings. */
export function conditionOf(value: Plain | undefined): string {
  if (!isMap(value)) return textOf(value)
  const written = textOf(value.when) || textOf(value.expr) || textOf(value.trip) || textOf(value.condition)
  if (written) return written
  const entries = Object.entries(value)
  return entries.length === 1 ? textOf(entries[0]?.[1]) : ''
}

/** For how long, how often: what stands beside a condition. */
export function holdOf(value: PlainMap): string {
  const time = textOf(value.for)
  const samples = textOf(value.samples)
  return [time && t('forD', { d: time }), samples && samples !== '1' && `(${t('samplesN', { n: samples })})`].filter(Boolean).join(' ')
}

/** One end or limit in full: `I < 0.05 C for 10 s → relax`. */
export function endText(value: Plain): string {
  const text = expressionText(conditionOf(value))
  if (!isMap(value)) return text
  const next = textOf(value.goto)
  return [text, holdOf(value), next && t('thenGoto', { x: next })].filter(Boolean).join(' ')
}

export const listOf = (value: Plain | undefined): Plain[] => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value])

/** The longest time a step may take, when one of its ends says so and nothing more. */
export function boundOf(value: Plain): string {
  return BOUND.exec(conditionOf(value))?.[1] ?? ''
}

/** `until U ≥ 4.2 V or I ≤ 50 mA` and `at most 3 h`; empty without ends. */
export function untilParts(until: Plain | undefined): [string, string] {
  const ends = listOf(until)
  const [bound] = ends.map(boundOf).filter(Boolean)
  const others = ends.filter((end) => !boundOf(end)).map((end) => expressionText(conditionOf(end))).filter(Boolean)
  return [others.length ? t('untilIs', { x: others.join(` ${t('or')} `) }) : '', bound ? t('atMost', { d: bound }) : '']
}
