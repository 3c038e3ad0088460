/** How the value of an entity reads: text, tone, age; pure apart from looking up the latest sample. */
import type { Entity, Scalar } from '@/api/types'
import { formatAge, formatNumber, NOTHING } from '@/kit/format'
import { shownNow } from '@/stores/moment'
import { sampleOf, type Sample } from '@/stores/samples'
import { t } from './messages'

export function valueText(entity: Entity, value: Scalar | undefined): string {
  if (value === null || value === undefined) return NOTHING
  if (entity.kind === 'toggle') return value ? t('on') : t('off')
  if (entity.kind === 'enum') return entity.options?.find((option) => option.key === String(value))?.label ?? String(value)
  if (typeof value === 'number') return formatNumber(value, entity.precision)
  return String(value)
}

export function activeBits(entity: Entity, value: Scalar | undefined): string[] {
  const word = typeof value === 'number' ? value : 0
  return (entity.bits ?? []).filter((bit) => Math.floor(word / 2 ** bit.bit) % 2 === 1).map((bit) => bit.label)
}

/** `bad` and `warn` colour a value; the words stand beside it (`remark`). */
export function toneOf(sample: Sample | undefined): string {
  if (!sample) return 'none'
  if (sample.alarm === 'LOLO' || sample.alarm === 'HIHI' || sample.quality === 'bad') return 'bad'
  if (sample.alarm !== 'NORMAL' && sample.alarm) return 'warn'
  return sample.quality === 'good' ? '' : 'warn'
}

const ALARM_MARK = { NORMAL: '', LO: '▼ ', LOLO: '▼▼ ', HI: '▲ ', HIHI: '▲▲ ' } as const

/** Alarm state and quality in words; empty when all is well. */
export function remark(sample: Sample | undefined): string {
  if (!sample) return ''
  const parts: string[] = []
  if (sample.alarm && sample.alarm !== 'NORMAL') parts.push(ALARM_MARK[sample.alarm] + t(sample.alarm))
  if (sample.quality && sample.quality !== 'good') parts.push(`? ${t(sample.quality)}`)
  return parts.join(' · ')
}

export function ageText(point: string): string {
  const sample = sampleOf(point)
  return sample ? formatAge(shownNow() - sample.timestamp) : NOTHING
}

/** Age of the newest of the points: that is when the device was last heard. */
export function newestAge(points: string[]): string {
  const stamps = points.map((point) => sampleOf(point)?.timestamp ?? 0)
  const newest = Math.max(0, ...stamps)
  return newest ? formatAge(shownNow() - newest) : NOTHING
}
