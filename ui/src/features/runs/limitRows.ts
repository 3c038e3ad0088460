/** Limits of a run as rows for people: pairs of least and most become one range with its unit and origin. */
import type { RunLimit } from '@/api/types'
import { formatNumber } from '@/kit/format'
import { prettyExpression } from '@/kit/pretty'

export interface LimitRow {
  /** Key of a known quantity, else the id of the limit in the flow. */
  quantity: string
  text: string
  origins: string[]
  /** The slowest of them; null when nobody told. */
  reaction: number | null
}

/** As many digits as the value has, at least `least`: 2.4 is "2.40" beside 4.25. */
function digits(values: number[], least: number): number {
  const needed = values.map((value) => (String(Math.round(value * 1e4) / 1e4).split('.')[1] ?? '').length)
  return Math.max(least, ...needed)
}

function rangeText(low: RunLimit | undefined, high: RunLimit | undefined): string {
  const values = [low, high].map((limit) => limit?.value).filter((value): value is number => typeof value === 'number')
  const unit = (low ?? high)?.unit ?? ''
  const places = digits(values, unit === 'V' ? 2 : 0)
  const shown = (limit: RunLimit | undefined) => (typeof limit?.value === 'number' ? formatNumber(limit.value, places) : '')
  if (low && high) return `${shown(low)} … ${shown(high)} ${unit}`.trim()
  return `${low ? '≥' : '≤'} ${shown(low ?? high)} ${unit}`.trim()
}

export function limitRows(limits: RunLimit[]): LimitRow[] {
  const rows = new Map<string, { low?: RunLimit; high?: RunLimit; other?: RunLimit; origins: string[]; reaction: number | null }>()
  for (const limit of limits) {
    const numeric = typeof limit.value === 'number'
    const low = numeric && limit.quantity.endsWith('_min')
    const quantity = numeric ? limit.quantity.replace(/_(min|max)$/, '') : limit.quantity
    const row = rows.get(quantity) ?? { origins: [], reaction: null }
    if (!numeric) row.other = limit
    else if (low) row.low = limit
    else row.high = limit
    if (!row.origins.includes(limit.origin)) row.origins.push(limit.origin)
    if (typeof limit.reaction_s === 'number') row.reaction = Math.max(row.reaction ?? 0, limit.reaction_s)
    rows.set(quantity, row)
  }
  return [...rows].map(([quantity, row]) => ({
    quantity,
    text: row.other ? prettyExpression(String(row.other.value)) : rangeText(row.low, row.high),
    origins: row.origins,
    reaction: row.reaction,
  }))
}
