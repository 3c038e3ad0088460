/** What the instrument behind a set-point can give. */
import type { Device, Entity } from '@/api/types'
import { formatNumber } from '@/kit/format'
import type { Field } from './forms'
import { tp } from './messages'
import type { Wiring } from './usePanel'

const ROLES: Record<string, readonly string[]> = { current: ['set_current', 'load_level'], voltage: ['set_voltage'], power: ['load_power'], resistance: ['load_resistance'] }
const SIDE: Record<string, 'source' | 'sink'> = { charge: 'source', discharge: 'sink' }

function entityOf(field: Field, wiring: Wiring | null, devices: readonly Device[]): [string, Entity] | null {
  const [verb, key] = field.id.split('.')
  const side = SIDE[verb ?? '']
  const device = side && wiring ? devices.find((one) => one.id === wiring[side]) : undefined
  const entity = device?.entities.find((one) => ROLES[key ?? '']?.includes(one.role ?? ''))
  return device && entity ? [device.alias || device.id, entity] : null
}

const plain = (value: number, unit: string | null) => `${formatNumber(value, Math.min(4, String(value).split('.')[1]?.length ?? 0))} ${unit ?? ''}`.trim()

export interface Range { text: string; problem: string }

/** The range of a set-point's instrument, and how the value lies outside of it; null where nobody knows. */
export function rangeOf(field: Field, value: number | null, wiring: Wiring | null, devices: readonly Device[]): Range | null {
  const found = entityOf(field, wiring, devices)
  if (!found) return null
  const [device, { unit, min, max }] = found
  if (min === null || max === null) return null
  const [low, high] = [plain(min, unit), plain(max, unit)]
  const problem = value === null ? '' : value > max ? tp('aboveRange', { device, high }) : value < min ? tp('belowRange', { device, low }) : ''
  return { text: tp('range', { device, low, high }), problem }
}
