/** What holds for a watched limit, as short facts; pure functions. */
import type { AlarmWatch, DriverLimits } from '@/api/alarmTypes'
import { formatQuantity } from '@/kit/format'
import { spanText } from '../ways'
import { t } from './messages'

export function delaysOf(watch: AlarmWatch): string {
  const facts = [
    watch.count ? t('counted', { n: watch.count, time: spanText(watch.within_s) }) : watch.on_delay_s ? t('on', { time: spanText(watch.on_delay_s) }) : '',
    watch.off_delay_s ? t('off', { time: spanText(watch.off_delay_s) }) : '',
    watch.realarm_s ? t('realarm', { time: spanText(watch.realarm_s) }) : '',
  ]
  return facts.filter(Boolean).join(' · ')
}

/** What the server says of it, unless that is its word again, and the number that is watched for. */
export function shownOf(watch: AlarmWatch): string {
  const words = watch.shown === watch.word ? '' : watch.shown.replace(/[:;]\s*$/, '')
  const at = watch.at === null || watch.at === undefined ? '' : formatQuantity(watch.at, watch.unit, plainDigits(watch.at))
  return [words, at].filter(Boolean).join(' ')
}

/** As many digits as the number was written with: 4.5 stays 4.5. */
const plainDigits = (value: number) => Math.min(9, (String(value).split('.')[1] ?? '').length)

export function moreOf(watch: AlarmWatch): string {
  const facts = [watch.priority ? t('priority', { n: watch.priority }) : '', watch.latching ? t('latching') : '', watch.active_when ? t('when', { condition: watch.active_when }) : '']
  return facts.filter(Boolean).join(' · ')
}

/** The limits of a driver from low to high. */
export function limitsText(limits: DriverLimits): string {
  const shown = (['lolo', 'lo', 'hi', 'hihi'] as const)
    .filter((word) => limits[word] !== null && limits[word] !== undefined)
    .map((word) => `${word.toUpperCase()} ${formatQuantity(limits[word], limits.unit)}`)
  if (limits.deadband) shown.push(t('deadband', { value: formatQuantity(limits.deadband, limits.unit) }))
  return shown.join(' · ')
}
