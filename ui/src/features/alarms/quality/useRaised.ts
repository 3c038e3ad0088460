/** When alarms were raised in the last days, read from the history page by page. */
import { alarmsApi } from '@/api/alarms'
import type { AlarmTransition } from '@/api/alarmTypes'

const PAGE = 1000
export const MOST = 5000

export async function readRaised(since: number): Promise<{ items: AlarmTransition[]; truncated: boolean }> {
  const items: AlarmTransition[] = []
  while (items.length < MOST) {
    const page = (await alarmsApi.history({ since, limit: PAGE, before: items.at(-1)?.id })).items
    items.push(...page)
    if (page.length < PAGE) return { items, truncated: false }
  }
  return { items, truncated: true }
}
