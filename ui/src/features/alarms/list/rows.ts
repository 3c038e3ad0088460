/** Which alarms the list shows, in which order, and what can be done with each; pure functions. */
import type { Alarm } from '@/api/alarmTypes'
import type { AlarmVerb } from '@/api/alarms'
import type { Severity } from '@/api/types'

export type AlarmTab = 'active' | 'shelved' | 'suppressed' | 'out_of_service'

export interface AlarmFilter {
  severity: Severity | 'all'
  text: string
  unackedOnly: boolean
}

export interface AlarmRow {
  alarm: Alarm
  /** Alarms that this one explains. */
  children: Alarm[]
  /** First of a burst of several. */
  firstOut: boolean
}

const BURST_S = 60

export const NO_FILTER: AlarmFilter = { severity: 'all', text: '', unackedOnly: false }

const stands = (alarm: Alarm) => alarm.state === 'active_unacked' || alarm.state === 'active_acked'
const explains = (parent: Alarm, child: Alarm) =>
  parent.key !== child.key && !parent.hidden && parent.device_id !== null && parent.device_id === child.device_id && parent.key.endsWith('/offline') && stands(parent)

/** The alarm that explains a hidden one, if it stands. */
export function parentOf(alarm: Alarm, list: readonly Alarm[]): Alarm | null {
  if (!alarm.hidden || alarm.overlay === 'shelved' || alarm.overlay === 'out_of_service') return null
  return list.find((other) => explains(other, alarm)) ?? null
}

export function tabOf(alarm: Alarm, list: readonly Alarm[]): AlarmTab {
  if (alarm.overlay === 'shelved' || alarm.overlay === 'out_of_service') return alarm.overlay
  return (alarm.hidden || alarm.overlay === 'suppressed') && !parentOf(alarm, list) ? 'suppressed' : 'active'
}

/** The mark says little about a lone alarm: it is shown when others followed. */
export function isFirstOut(alarm: Alarm, list: readonly Alarm[]): boolean {
  return Boolean(alarm.first) && list.some((other) => !other.first && other.timestamp >= alarm.timestamp && other.timestamp - alarm.timestamp <= BURST_S)
}

function fits(alarm: Alarm, filter: AlarmFilter): boolean {
  if (filter.severity !== 'all' && alarm.severity !== filter.severity) return false
  if (filter.unackedOnly && alarm.acknowledged) return false
  const text = `${alarm.text} ${alarm.key} ${alarm.source} ${alarm.comment ?? ''}`.toLowerCase()
  return filter.text.toLowerCase().split(/\s+/).every((word) => text.includes(word))
}

export function rowsOf(list: readonly Alarm[], tab: AlarmTab, filter: AlarmFilter): AlarmRow[] {
  const parents = new Map(list.map((alarm) => [alarm.key, parentOf(alarm, list)?.key]))
  const own = list.filter((alarm) => !parents.get(alarm.key) && tabOf(alarm, list) === tab)
  return own
    .map((alarm) => ({ alarm, children: list.filter((child) => parents.get(child.key) === alarm.key), firstOut: isFirstOut(alarm, list) }))
    .filter((row) => [row.alarm, ...row.children].some((alarm) => fits(alarm, filter)))
}

export function countsOf(list: readonly Alarm[]): Record<AlarmTab, number> {
  const counts: Record<AlarmTab, number> = { active: 0, shelved: 0, suppressed: 0, out_of_service: 0 }
  for (const alarm of list) if (!parentOf(alarm, list)) counts[tabOf(alarm, list)] += 1
  return counts
}

export const canAcknowledge = (alarm: Alarm) => !alarm.acknowledged && alarm.state !== 'normal' && alarm.state !== 'latched'

/** What a person may do now, the nearest first; a server that knows no covers does not say `overlay`. */
export function verbsOf(alarm: Alarm): AlarmVerb[] {
  const verbs: AlarmVerb[] = []
  if (alarm.overlay === 'shelved') verbs.push('unshelve')
  if (alarm.overlay === 'out_of_service') verbs.push('return-to-service')
  if (canAcknowledge(alarm)) verbs.push('ack')
  if (alarm.overlay === undefined) return verbs
  if (alarm.state === 'latched') verbs.push('reset')
  if (alarm.overlay !== 'shelved' && alarm.overlay !== 'out_of_service') verbs.push('shelve')
  if (alarm.overlay !== 'out_of_service') verbs.push('out-of-service')
  if (alarm.state === 'active_acked') verbs.push('unack')
  return verbs
}
