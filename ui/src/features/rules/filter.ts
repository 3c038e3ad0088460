/** Which rules the list shows; pure functions. The filter stands in the address, so that a view can be shared. */
import type { RuleState } from '@/api/rules'
import { standingOf } from './words'

export const STATES = ['all', 'on', 'off', 'trouble', 'has_fired', 'acting'] as const
export type StateChoice = (typeof STATES)[number]

export interface RuleFilter {
  text: string
  state: StateChoice
  /** Empty: any. */
  flow: string
  scope: string
}

export const NO_FILTER: Readonly<RuleFilter> = { text: '', state: 'all', flow: '', scope: '' }

/** A rule that was taken out, or whose last firing did not come to its end. */
export const isTroubled = (rule: RuleState) => Boolean(rule.suspended) || rule.last_outcome === 'failed'

const STATE_TESTS: Record<StateChoice, (rule: RuleState) => boolean> = {
  all: () => true,
  on: (rule) => rule.runtime_enabled && !rule.suspended,
  off: (rule) => !rule.runtime_enabled,
  trouble: isTroubled,
  has_fired: (rule) => rule.fired > 0,
  acting: (rule) => ['acting', 'pending'].includes(standingOf(rule)),
}

function textOf(rule: RuleState): string {
  return [rule.id, rule.title, rule.sentence, ...rule.if, ...(rule.actions ?? []).map((one) => one.sentence)].join(' ').toLowerCase()
}

/** Every word must occur somewhere in what the rule says. */
export function matches(rule: RuleState, filter: RuleFilter): boolean {
  if (!STATE_TESTS[filter.state](rule)) return false
  if (filter.flow && rule.flow !== filter.flow) return false
  if (filter.scope && rule.scope !== filter.scope) return false
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const content = words.length ? textOf(rule) : ''
  return words.every((word) => content.includes(word))
}

type Query = Record<string, unknown>
const word = (value: unknown) => (typeof value === 'string' ? value : '')

export function filterOf(query: Query): RuleFilter {
  const state = STATES.find((one) => one === query.state) ?? 'all'
  return { text: word(query.q), state, flow: word(query.flow), scope: word(query.scope) }
}

/** Only what narrows the list stands in the address. */
export function queryOf(filter: RuleFilter): Record<string, string> {
  const all: Record<string, string> = { q: filter.text, state: filter.state === 'all' ? '' : filter.state, flow: filter.flow, scope: filter.scope }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value))
}
