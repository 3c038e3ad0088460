/** The way of an alarm to people, in words and with the moments it takes; pure functions. */
import type { AlarmWay, EscalationStep } from '@/api/alarmTypes'
import { formatDuration } from '@/kit/format'

const UNITS: Record<string, number> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 }

/** `5m`, `1h30m`, `300` or 300 as seconds; null when it cannot be read. */
export function secondsOf(value: string | number | null | undefined): number | null {
  if (typeof value === 'number') return value
  if (!value) return null
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value)
  const parts = [...value.replaceAll(' ', '').matchAll(/(\d+(?:\.\d+)?)(ms|min|[smhdw])/g)]
  if (!parts.length || parts.map((part) => part[0]).join('') !== value.replaceAll(' ', '')) return null
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? 's'] ?? 1), 0)
}

/** A span as people say it: `30 s`, `5 min`, `4 h`; what cannot be read stays as it was written. */
export function spanText(value: string | number | null | undefined): string {
  const seconds = secondsOf(value)
  if (seconds === null) return String(value ?? '')
  if (seconds >= 86_400 && seconds % 86_400 === 0) return `${seconds / 86_400} d`
  if (seconds >= 3600 && seconds % 3600 === 0) return `${seconds / 3600} h`
  if (seconds >= 60 && seconds % 60 === 0) return `${seconds / 60} min`
  return formatDuration(seconds)
}

export function escalationsOf(way: AlarmWay): { after: string; to: string }[] {
  return (way.escalate ?? []).map((step: EscalationStep | string) =>
    typeof step === 'string' ? { after: '', to: step } : { after: spanText(step.after), to: step.to ?? step.receiver ?? '' },
  )
}

const listed = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(', ') : value === null || value === undefined || value === false ? '' : String(value))
export const silencedBy = (way: AlarmWay) => listed(way.silenced_by)
export const inhibitedBy = (way: AlarmWay) => listed(way.inhibited_by)
/** Nothing is sent on this way now. */
export const isQuiet = (way: AlarmWay) => Boolean(way.muted || silencedBy(way) || inhibitedBy(way))
