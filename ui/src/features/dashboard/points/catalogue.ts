/** All points a widget may be bound to, and how they are searched. */
import type { Device, Entity } from '@/api/types'
import { CHANNEL_QUANTITIES } from '@/kit/channel'
import { findPoint, type BoundPoint } from '@/widgets/points'
import type { Slot } from '@/widgets/contract'

/** In groups: channels first, then the devices. */
export function allPoints(devices: Device[], channels: string[]): BoundPoint[] {
  const ofChannels = channels.flatMap((channel) => CHANNEL_QUANTITIES.flatMap(({ id }) => findPoint(`${channel}.${id}`) ?? []))
  const ofDevices = devices
    .filter((device) => device.category !== 'channel')
    .flatMap((device) => device.entities.map((entity) => ({ point: `${device.id}.${entity.id}`, device, entity })))
  return [...ofChannels, ...ofDevices]
}

/** Whether a slot takes this entity. */
export function takes(slot: Pick<Slot, 'kinds' | 'writable'>, entity: Entity): boolean {
  if (slot.kinds && !slot.kinds.includes(entity.kind)) return false
  if (!slot.kinds && entity.kind === 'action') return false
  return !slot.writable || entity.access !== 'RO'
}

export const groupOf = ({ point, device }: BoundPoint) => device?.alias || device?.id || point.slice(0, point.lastIndexOf('.'))

/** Every word must be found in device, name, address or unit. */
export function matching(points: BoundPoint[], words: string): BoundPoint[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  if (!wanted.length) return points
  return points.filter((one) => {
    const text = [one.point, one.entity.name, one.entity.unit, one.entity.group, groupOf(one), one.device?.location].join(' ').toLowerCase()
    return wanted.every((word) => text.includes(word))
  })
}
