/** One message for a burst, and which alarms keep sounding; pure functions. */
import type { Alarm } from '@/api/alarmTypes'
import { tw } from '@/kit/words'
import { isAside, RANK } from '@/stores/alarms'
import type { News } from '@/stores/notices'
import { t } from './messages'

export interface Summary {
  title: string
  body: string
  severity: News['severity']
  count: number
}

const NAMED = 3

/** The worst first; of several alarms a few are named and the rest is counted. */
export function summaryOf(news: readonly News[]): Summary | null {
  const latest = [...new Map(news.map((one) => [one.key, one])).values()].sort((a, b) => RANK[b.severity] - RANK[a.severity])
  const [worst] = latest
  if (!worst) return null
  if (latest.length === 1) return { title: tw(worst.severity), body: worst.text, severity: worst.severity, count: 1 }
  const lines = latest.slice(0, NAMED).map((one) => one.text)
  if (latest.length > NAMED) lines.push(t('andMore', { n: latest.length - NAMED }))
  return { title: t('many', { n: latest.length, worst: tw(worst.severity) }), body: lines.join('\n'), severity: worst.severity, count: latest.length }
}

/** Critical alarms that nobody has acknowledged and nobody has hushed. */
export function soundingKeys(alarms: readonly Alarm[], hushed: ReadonlySet<string>): string[] {
  return alarms.filter((alarm) => alarm.severity === 'critical' && !alarm.acknowledged && !isAside(alarm) && !hushed.has(`${alarm.key} ${alarm.id}`)).map((alarm) => `${alarm.key} ${alarm.id}`)
}
