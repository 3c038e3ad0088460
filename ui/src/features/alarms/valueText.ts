/** The value of an alarm with the unit of its entity. */
import type { Alarm } from '@/api/alarmTypes'
import { formatNumber, formatQuantity, NOTHING } from '@/kit/format'
import { useDevices } from '@/stores/devices'

/** What these sources tell is a number of the entity itself; a rate or an age is not in its unit. */
const OF_ENTITY = new Set(['limit', 'deviation', 'disagreement'])

export function valueText(alarm: Pick<Alarm, 'value' | 'device_id' | 'entity_id' | 'source'>): string {
  const { value } = alarm
  if (value === null || value === undefined) return NOTHING
  if (typeof value !== 'number') return String(value)
  if (!OF_ENTITY.has(alarm.source)) return formatNumber(value)
  const entity = useDevices().byId[alarm.device_id ?? '']?.entities.find((one) => one.id === alarm.entity_id)
  return formatQuantity(value, entity?.unit ?? null, entity?.precision)
}

/** Where an alarm comes from: the point or the device, else its key. */
export function placeText(alarm: Pick<Alarm, 'key' | 'device_id' | 'entity_id'>): string {
  if (!alarm.device_id) return alarm.key
  return alarm.entity_id ? `${alarm.device_id}.${alarm.entity_id}` : alarm.device_id
}
