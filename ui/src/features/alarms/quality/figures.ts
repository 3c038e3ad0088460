/** Numbers for the plots of the quality page; pure functions. */
import type { AlarmTransition } from '@/api/alarmTypes'

const DAY = 86_400
export const FLOOD = 10

export interface Bins {
  width: number
  t: number[]
  count: number[]
}

/** Ten minutes for a day, an hour for a week, then coarser: about as many steps as a chart can show. */
export function widthFor(days: number): number {
  if (days <= 1) return 600
  return days <= 7 ? 3600 : 4 * 3600
}

/** Raised alarms in each step of time up to now; steps without any are 0, not missing. */
export function binned(items: readonly Pick<AlarmTransition, 'timestamp' | 'transition' | 'overlay'>[], now: number, days: number): Bins {
  const width = widthFor(days)
  const first = Math.floor((now - days * DAY) / width)
  const last = Math.floor(now / width)
  const count = Array.from({ length: last - first + 1 }, () => 0)
  for (const item of items) {
    const place = Math.floor(item.timestamp / width) - first
    if (item.transition === 'raised' && !item.overlay && place >= 0 && place < count.length) count[place] = (count[place] ?? 0) + 1
  }
  return { width, t: count.map((_, place) => (first + place) * width), count }
}

export type Grade = 'ok' | 'warn' | 'bad'

/** What ISA-18.2 and EEMUA 191 call manageable: about one in ten minutes; more than ten is a flood. */
export function gradeOf(rate: number): Grade {
  if (rate <= 1) return 'ok'
  return rate <= FLOOD ? 'warn' : 'bad'
}

/** Each with its share of the largest, for bars. */
export function sharesOf<T>(items: readonly T[], amount: (item: T) => number): { item: T; amount: number; share: number }[] {
  const most = Math.max(1, ...items.map(amount))
  return items.map((item) => ({ item, amount: amount(item), share: amount(item) / most }))
}
