/**
 * A sentence for everything in a flow, from what is written there: "Charge CC-CV 1.5 A to 4.2 V until I < 50 mA".
 *
 * In the language of the page, and without the server: it speaks while a text is being typed. A verb nobody here knows
 * (of a plugin) is named with its values.
 */
import { isMap, textOf, type FlowNode, type NodeKind, type Plain, type PlainMap } from '../model/graph'
import { verbOf } from '../model/read'
import { ACTIONS } from './actions'
import { conditionOf, endText, expressionText, holdOf, listOf, untilParts } from './expressions'
import { t } from './messages'
import { checkText, TRIGGERS } from './rules'
import { commas, inShort, STEPS, words, type Speak } from './steps'

export { boundOf, endText, expressionText, untilParts } from './expressions'

/** Keys every step may have; they are told elsewhere or not at all. */
const COMMON = new Set(['id', 'name', 'title', 'enabled', 'until', 'limits', 'measure', 'verdict', 'do', 'then', 'else'])

function fallback(verb: string, value: PlainMap): string {
  const own = inShort(value[verb])
  const beside = Object.entries(value).filter(([key]) => key !== verb && !COMMON.has(key)).map(([key, inner]) => `${key}: ${inShort(inner)}`)
  const name = verb.replaceAll('_', ' ')
  return commas(words(name.charAt(0).toUpperCase() + name.slice(1), own), ...beside)
}

function spoken(speakers: Record<string, Speak>, value: Plain): string {
  const all: PlainMap = isMap(value) ? value : {}
  const verb = verbOf(value)
  const given = all[verb]
  const own = isMap(given) ? given : {}
  const speak = Object.hasOwn(speakers, verb) ? speakers[verb] : undefined
  return speak ? speak(own, all, typeof given === 'string' ? given : '') : fallback(verb, all)
}

const BOTH: Record<string, Speak> = { ...ACTIONS, ...STEPS }
/** Their `until` is part of what they say. */
const LOOPS = new Set(['repeat', 'loop'])

/** `channel`: said too when it is given. */
export function stepSentence(value: Plain, channel = ''): string {
  const head = spoken(BOTH, value) || t('empty')
  if (!isMap(value) || LOOPS.has(verbOf(value))) return head
  const where = channel && ('charge' in value || 'discharge' in value) ? `${head} ${t('on', { channel })}` : head
  const [ends, bound] = untilParts(value.until)
  return commas(words(where, ends), bound)
}

export function actionSentence(value: Plain): string {
  if (isMap(value) && 'if' in value) {
    const check = isMap(value.if) ? value.if.check : value.if
    const then = listOf(isMap(value.if) ? value.if.then : value.then).map(actionSentence).join(', ')
    const other = listOf(isMap(value.if) ? value.if.else : value.else).map(actionSentence).join(', ')
    return commas(t('ifDo', { x: expressionText(textOf(check)), then }), other && t('orElse', { then: other }))
  }
  if (isMap(value) && ('repeat' in value || 'loop' in value)) return words(`${spoken(BOTH, value)}:`, listOf(value.do).map(actionSentence).join(', '))
  return spoken(BOTH, value) || t('empty')
}

export function triggerSentence(value: Plain): string {
  if (typeof value === 'string' && !Object.hasOwn(TRIGGERS, value)) return expressionText(value)
  return spoken(TRIGGERS, value) || t('empty')
}

export function limitSentence(value: Plain): string {
  return words(t('trips', { x: expressionText(conditionOf(value)) }), isMap(value) ? holdOf(value) : '')
}

/** The rows of a rule, each a line. */
export function ruleLines(value: Plain): { when: string[]; if: string[]; then: string[]; else: string[] } {
  const all: PlainMap = isMap(value) ? value : {}
  return { when: listOf(all.when).map(triggerSentence), if: listOf(all.if).map(checkText), then: listOf(all.then).map(actionSentence), else: listOf(all.else).map(actionSentence) }
}

export function ruleSentence(value: Plain): string {
  const { when, if: checks, then, else: other } = ruleLines(value)
  const args = { when: when.join(` ${t('or')} `), if: checks.join(` ${t('and')} `), then: then.join(', ') || t('nothing') }
  return commas(t(checks.length ? 'whenIf' : 'when', args), other.length ? t('orElse', { then: other.join(', ') }) : '')
}

const BY_KIND: Record<NodeKind, (value: Plain) => string> = { step: stepSentence, action: actionSentence, trigger: triggerSentence, check: checkText, end: endText, limit: limitSentence, rule: ruleSentence }

/** What any piece of a flow says. */
export const sentence = (kind: NodeKind, value: Plain): string => BY_KIND[kind](value)

/** What a node says; a step also names the channel when one is given. */
export const sentenceOf = (node: Pick<FlowNode, 'kind' | 'value'>, channel = ''): string => (node.kind === 'step' ? stepSentence(node.value, channel) : sentence(node.kind, node.value))
