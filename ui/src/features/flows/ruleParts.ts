/** When, if, then and else of the rules in a flow's text, as short lines; the server's sentence stays the fallback. */
import { parse } from 'yaml'
import { prettyExpression } from '@/kit/pretty'

export interface RuleParts {
  when: string[]
  if: string[]
  then: string[]
  else: string[]
}

type Plain = Record<string, unknown>
const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value])
const TEXTS = ['text', 'label', 'message', 'expr', 'title', 'do']

/** `{severity: warning, text: Hot}` reads `Hot (severity: warning)`. */
function inShort(value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => (isPlain(one) ? actionText(one) : inShort(one))).join('; ')
  if (!isPlain(value)) return prettyExpression(String(value ?? ''))
  const main = TEXTS.find((key) => key in value)
  const rest = Object.entries(value).filter(([key]) => key !== main)
  const shown = rest.map(([key, inner]) => `${key}: ${isPlain(inner) || Array.isArray(inner) ? '…' : String(inner)}`).join(', ')
  if (!main) return shown
  return shown ? `${inShort(value[main])} (${shown})` : inShort(value[main])
}

function triggerText(trigger: unknown): string {
  if (!isPlain(trigger)) return prettyExpression(String(trigger))
  if ('expr' in trigger) return inShort(trigger)
  return Object.entries(trigger).map(([key, value]) => `${key} ${inShort(value)}`).join(', ')
}

function actionText(action: unknown): string {
  if (!isPlain(action)) return String(action)
  return Object.entries(action).map(([verb, value]) => `${verb.replaceAll('_', ' ')}: ${inShort(value)}`).join(', ')
}

const conditionText = (condition: unknown): string => (isPlain(condition) ? Object.entries(condition).map(([key, value]) => `${key} ${inShort(value)}`).join(', ') : prettyExpression(String(condition)))

/** By the rule's id in the file; empty when the text cannot be read. */
export function ruleParts(text: string): Record<string, RuleParts> {
  let content: unknown
  try {
    content = parse(text)
  } catch {
    return {}
  }
  const rules = isPlain(content) ? listOf(content.rules).filter(isPlain) : []
  return Object.fromEntries(
    rules.map((rule) => [
      String(rule.id ?? ''),
      {
        when: listOf(rule.when).map(triggerText),
        if: listOf(rule.if).map(conditionText),
        then: listOf(rule.then).map(actionText),
        else: listOf(rule.else).map(actionText),
      },
    ]),
  )
}
