/** A prediction in words and lines: findings by their code, limits that fit into the chart. */
import type { Prediction, PredictionFinding, RunLimit } from '@/api/types'
import { formatNumber, formatPercent } from '@/kit/format'
import { FINDINGS, QUANTITIES, t } from './messages'

export interface LimitLine {
  label: string
  unit: string
  value: number
}

/** A limit further away than this many times the curve's own span is listed, not drawn: it would flatten the curve. */
const FAR = 1.5

type Quantity = 'voltage' | 'current' | 'temp'

/** Which curve a limit belongs to, and with which sign. */
function placeOf(limit: RunLimit): { curve: Quantity; sign: 1 | -1 } | null {
  if (/^voltage_(min|max)$/.test(limit.quantity)) return { curve: 'voltage', sign: 1 }
  if (limit.quantity === 'charge_current') return { curve: 'current', sign: 1 }
  if (limit.quantity === 'discharge_current') return { curve: 'current', sign: -1 }
  return /_temp_(min|max)$/.test(limit.quantity) ? { curve: 'temp', sign: 1 } : null
}

function fits(found: Prediction, curve: Quantity, value: number): boolean {
  const low = found.peaks[`${curve}_min`] ?? null
  const high = found.peaks[`${curve}_max`] ?? null
  if (low === null || high === null) return false
  const span = Math.max(high - low, curve === 'temp' ? 5 : 0)
  return value <= high + FAR * span && value >= low - FAR * span
}

export function limitLines(found: Prediction): LimitLine[] {
  const lines: LimitLine[] = []
  for (const limit of found.limits) {
    const place = placeOf(limit)
    if (!place || typeof limit.value !== 'number') continue
    const value = place.sign * limit.value
    if (!fits(found, place.curve, value)) continue
    const key = `q_${limit.quantity.replace(/_(min|max)$/, '')}`
    const name = QUANTITIES.includes(key) ? t(key as 'q_voltage') : limit.quantity
    lines.push({ label: t('limitOf', { name }), unit: limit.unit ?? '', value })
  }
  return lines
}

/** One sentence in the language of the page; a finding nobody has translated speaks for itself. */
export function findingText(finding: PredictionFinding): string {
  const key = `f_${finding.code}`
  if (!FINDINGS.includes(key)) return finding.message
  const args = Object.fromEntries(
    Object.entries(finding.args).map(([name, value]) => [name, typeof value === 'number' ? (name === 'soc' ? formatPercent(value, 0) : formatNumber(value, 1)) : value]),
  )
  const text = t(key as 'f_refused', args)
  return finding.times > 1 ? `${text} (${finding.times}×)` : text
}
