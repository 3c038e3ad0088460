/** What a person does to alarms: which question is asked, and what is sent. */
import { alarmsApi, type AlarmVerb } from '@/api/alarms'
import type { Alarm } from '@/api/alarmTypes'
import { useAlarms } from '@/stores/alarms'

export interface Ask {
  verb: AlarmVerb
  alarms: Alarm[]
}

const SHELF_MINUTES = [15, 30, 60, 240, 480, 1440, 4320]
/** How long at most the server shelves an alarm of a priority; it says so itself where this list is behind. */
const LONGEST: Record<number, number> = { 1: 60, 2: 480, 3: 1440, 4: 4320 }
export const LEAST_REASON = 3

/** The times that all of these alarms may be shelved for. */
export function shelfTimes(alarms: readonly Alarm[]): number[] {
  const longest = Math.min(...alarms.map((alarm) => LONGEST[Number(alarm.priority)] ?? 480))
  return SHELF_MINUTES.filter((minutes) => minutes <= longest)
}

export const needsReason = (verb: AlarmVerb) => verb === 'shelve' || verb === 'out-of-service'

export function bodyOf(verb: AlarmVerb, text: string, minutes: number): { comment?: string; reason?: string; minutes?: number } {
  if (verb === 'shelve') return { reason: text, minutes }
  return verb === 'out-of-service' ? { reason: text } : { comment: text }
}

/** Several are acknowledged in one request; anything else is done one by one and stops at the first refusal. */
export async function perform({ verb, alarms }: Ask, text: string, minutes: number): Promise<void> {
  const store = useAlarms()
  if (verb === 'ack' && alarms.length > 1) {
    await alarmsApi.acknowledgeMany(alarms.map((alarm) => alarm.id), text)
    return store.adopt((await alarmsApi.active()).items)
  }
  for (const alarm of alarms) store.put(await alarmsApi.act(alarm.id, verb, bodyOf(verb, text, minutes)))
}
