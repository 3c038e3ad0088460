/** States, outcomes and reasons of rules as icon, tone and word. */
import { mdiAlertCircleOutline, mdiCancel, mdiCheckCircleOutline, mdiCircleOutline, mdiLightningBolt, mdiPauseCircleOutline, mdiPowerOff, mdiTimerSandEmpty } from '@mdi/js'
import type { Leaf, RuleState, TraceAction } from '@/api/rules'
import { textOr } from '@/i18n'
import { formatDuration, formatNumber, formatQuantity } from '@/kit/format'
import { t, WORDS } from './messages'

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'plain'
export interface Face {
  text: string
  tone: Tone
  icon: string
}

export type Standing = 'off' | 'suspended' | 'acting' | 'pending' | 'idle'

/** The one word for how a rule stands now. */
export function standingOf(rule: RuleState): Standing {
  if (rule.suspended) return 'suspended'
  if (!rule.runtime_enabled) return 'off'
  if (rule.state === 'running') return 'acting'
  return rule.state === 'pending' || rule.waiting > 0 ? 'pending' : 'idle'
}

const STANDINGS: Record<Standing, { tone: Tone; icon: string }> = {
  off: { tone: 'plain', icon: mdiPowerOff },
  suspended: { tone: 'bad', icon: mdiAlertCircleOutline },
  acting: { tone: 'ok', icon: mdiLightningBolt },
  pending: { tone: 'warn', icon: mdiTimerSandEmpty },
  idle: { tone: 'plain', icon: mdiCircleOutline },
}

export const standingFace = (rule: RuleState): Face => ({ ...STANDINGS[standingOf(rule)], text: t(standingOf(rule)) })

const OUTCOMES: Record<string, { tone: Tone; icon: string }> = {
  done: { tone: 'ok', icon: mdiCheckCircleOutline },
  failed: { tone: 'bad', icon: mdiAlertCircleOutline },
  suspended: { tone: 'bad', icon: mdiAlertCircleOutline },
  cancelled: { tone: 'warn', icon: mdiCancel },
}

export function outcomeFace(outcome: string): Face {
  return { ...(OUTCOMES[outcome] ?? { tone: 'warn' as const, icon: mdiPauseCircleOutline }), text: textOr(t, `o_${outcome}`, WORDS).replace(/^o_/, '') }
}

/** What the server calls `stopped at if`, in the language of the page. */
export function reasonText(reason: string): string {
  const key = `r_${reason.replaceAll(' ', '_')}`
  return WORDS.includes(key) ? textOr(t, key, WORDS) : reason
}

export const modeText = (mode: string): string => textOr(t, `m_${mode}`, WORDS).replace(/^m_/, '')

export function scopeText(rule: Pick<RuleState, 'scope' | 'during'>): string {
  if (rule.during.length) return t('during', { steps: rule.during.join(', ') })
  return rule.scope === 'always' || rule.scope === 'run' ? t(rule.scope) : rule.scope
}

export type Truth = 'true' | 'false' | 'unknown'

/** A condition is true, false or unknown; a measured value is none of them. */
export function truthOf(value: unknown): Truth | null {
  if (value === null || value === undefined) return 'unknown'
  return typeof value === 'boolean' ? (value ? 'true' : 'false') : null
}

export function leafText(leaf: Leaf): string {
  if (typeof leaf.value === 'number') return formatQuantity(leaf.value, leaf.unit || null)
  return leaf.value === null ? t('unknown') : String(leaf.value)
}

/** Any JSON in a few words: `sent 0.5, outcome done`. */
export function plainText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatNumber(value)
  if (Array.isArray(value)) return value.map(plainText).filter(Boolean).join(', ')
  if (typeof value !== 'object') return String(value)
  return Object.entries(value)
    .filter(([, inner]) => inner !== null && inner !== '')
    .map(([key, inner]) => `${key} ${typeof inner === 'object' ? `(${plainText(inner)})` : plainText(inner)}`)
    .join(', ')
}

/** Where a link of a chain of causes leads: a run to its trace, a rule to its page. */
export function causeLink(text: string): string | null {
  const [, kind, id] = /^(run|rule):([\w./-]+)/.exec(text) ?? []
  if (!id) return null
  return kind === 'run' ? `/runs/${id}/trace` : `/rules/${id}`
}

/** Microseconds with a unit that fits. */
export const costText = (us: number): string => (us >= 1000 ? `${formatNumber(us / 1000, 1)} ms` : `${formatNumber(us, us < 10 ? 1 : 0)} µs`)

/** Virtual time often takes none for an action: that is worth a word, not `0 s`. */
export function durationText(seconds: number): string {
  if (seconds < 0.0005) return t('instant')
  return seconds < 1 ? `${formatNumber(seconds * 1000, 0)} ms` : formatDuration(seconds)
}

interface Written {
  outcome?: string
  sent?: unknown
}

/** What an action left behind: `PSU_01.i_set = 0.5`, `warm = 2`. */
export function changesOf(action: TraceAction): string {
  const { result, verb } = action
  if (typeof result !== 'object' || result === null) return result === undefined || result === null ? '' : plainText(result)
  const entries = Object.entries(result as Record<string, unknown>)
  if (verb === 'set' || verb === 'ramp') return entries.map(([point, one]) => (isWritten(one) ? `${point} = ${plainText(one.sent)} (${String(one.outcome)})` : `${point} ${plainText(one)}`)).join(', ')
  if (verb === 'variables') return entries.map(([name, value]) => `${name} = ${plainText(value)}`).join(', ')
  if (verb === 'marker' || verb === 'log') return String((result as { label?: string; message?: string }).label ?? (result as { message?: string }).message ?? '')
  return plainText(result)
}

const isWritten = (one: unknown): one is Written => typeof one === 'object' && one !== null && 'sent' in one
