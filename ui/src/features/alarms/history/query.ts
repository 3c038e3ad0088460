/** What the history is asked for: the filter as a person sets it, as a request, and in the address; pure functions. */
import type { HistoryQuery } from '@/api/alarms'
import type { Severity } from '@/api/types'

export type Span = 'any' | 'hour' | 'day' | 'week' | 'own'

export interface HistoryFilter {
  severity: Severity | ''
  device: string
  source: string
  text: string
  /** One alarm alone. */
  key: string
  span: Span
  /** Local times as the fields give them, `2026-03-01T08:00`. */
  from: string
  to: string
}

export const PAGE = 100
export const SOURCES = ['limit', 'rate', 'deviation', 'disagreement', 'state', 'stale', 'quality', 'protection', 'condition', 'device', 'safety', 'rule', 'run', 'server'] as const
const SECONDS: Partial<Record<Span, number>> = { hour: 3600, day: 86_400, week: 604_800 }

export const NO_HISTORY_FILTER: HistoryFilter = { severity: '', device: '', source: '', text: '', key: '', span: 'any', from: '', to: '' }

const stamp = (local: string): number | undefined => {
  const value = local ? new Date(local).getTime() / 1000 : NaN
  return Number.isFinite(value) ? value : undefined
}

export function timesOf(filter: HistoryFilter, now: number): { since?: number; until?: number } {
  if (filter.span === 'own') return { since: stamp(filter.from), until: stamp(filter.to) }
  const length = SECONDS[filter.span]
  return length ? { since: Math.floor(now - length) } : {}
}

export function queryOf(filter: HistoryFilter, now: number, before?: number): HistoryQuery {
  const { severity, device, source, text, key } = filter
  return { severity, device, source, text: text.trim() || key, ...timesOf(filter, now), limit: PAGE, before }
}

/** Filter from the address of the page; what is unknown there is ignored. */
export function fromAddress(query: Record<string, unknown>): HistoryFilter {
  const known = Object.keys(NO_HISTORY_FILTER) as (keyof HistoryFilter)[]
  const told = known.filter((name) => typeof query[name] === 'string').map((name) => [name, query[name]])
  return { ...NO_HISTORY_FILTER, ...Object.fromEntries(told) } as HistoryFilter
}

export function toAddress(filter: HistoryFilter): Record<string, string> {
  return Object.fromEntries(Object.entries(filter).filter(([name, value]) => value !== NO_HISTORY_FILTER[name as keyof HistoryFilter]))
}
