/** Which curves explain an alarm, and the stretch of time they are shown for; pure functions. */
import type { Alarm } from '@/api/alarmTypes'
import type { Device, Entity } from '@/api/types'
import { CHANNEL_QUANTITIES } from '@/kit/channel'

export const BEFORE_S = 300
const AFTER_S = 120
const AT_MOST = 3

/** From five minutes before the alarm until a little after it, never into the future. */
export function spanAround(raised: number, now: number): { start: number; end: number } {
  return { start: raised - BEFORE_S, end: Math.max(raised + 1, Math.min(raised + AFTER_S, now)) }
}

/** The value it is about, and its companions of the same device; without one the first measured values. */
export type Curve = Pick<Entity, 'id' | 'name' | 'unit' | 'precision'>

/** What a channel measures: of an alarm without a device it tells most. */
export const channelCurves = (): Curve[] => CHANNEL_QUANTITIES.slice(0, AT_MOST + 1).filter(({ id }) => id !== 'power').map((quantity) => ({ ...quantity, name: quantity.id }))

export function entitiesFor(alarm: Pick<Alarm, 'entity_id'>, device: Pick<Device, 'entities'> | undefined): Curve[] {
  const numeric = (device?.entities ?? []).filter((entity) => entity.kind === 'numeric' || entity.kind === 'toggle')
  const own = numeric.filter((entity) => entity.id === alarm.entity_id)
  const measured = numeric.filter((entity) => entity.kind === 'numeric' && entity.access === 'RO' && entity.id !== alarm.entity_id)
  return [...own, ...measured].slice(0, AT_MOST)
}
