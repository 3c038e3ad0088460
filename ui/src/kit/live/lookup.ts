/** Finds what an address of a point names, and how a chart calls and colours it. */
import type { Device, Entity } from '@/api/types'
import { CHANNEL_QUANTITIES } from '@/kit/channel'
import { useDevices } from '@/stores/devices'
import { t } from './messages'

export interface BoundPoint {
  point: string
  /** Null for a value of a channel. */
  device: Device | null
  entity: Entity
}

const NAMES: Record<string, 'voltage' | 'current' | 'power' | 'temp' | 'charge'> = { voltage: 'voltage', current: 'current', power: 'power', temp: 'temp', ah: 'charge' }
export const quantityName = (id: string) => (NAMES[id] ? t(NAMES[id]) : id)

function ofChannel(name: string): Entity | null {
  const quantity = CHANNEL_QUANTITIES.find((item) => item.id === name)
  if (!quantity) return null
  return { id: name, name: quantityName(name), kind: 'numeric', unit: quantity.unit, access: 'RO', precision: quantity.precision, min: null, max: null, step: null, options: null, bits: null, group: null, role: null, danger: false }
}

/** The entity behind a point address (ids of devices may contain dots: the longest match); null when it is gone. */
export function findPoint(point: string): BoundPoint | null {
  const devices = useDevices().list
  for (let cut = point.lastIndexOf('.'); cut > 0; cut = point.lastIndexOf('.', cut - 1)) {
    const [id, name] = [point.slice(0, cut), point.slice(cut + 1)]
    const device = devices.find((item) => item.id === id)
    if (device && device.category !== 'channel') {
      const entity = device.entities.find((item) => item.id === name)
      if (entity) return { point, device, entity }
    }
    const entity = ofChannel(name)
    if ((!device || device.category === 'channel') && entity) return { point, device: null, entity }
  }
  return null
}

/** Device and entity of an address, as the server's paths want them. */
export function partsOf(point: string): [device: string, entity: string] {
  const entity = findPoint(point)?.entity.id
  const cut = entity ? point.length - entity.length - 1 : point.lastIndexOf('.')
  return [point.slice(0, cut), point.slice(cut + 1)]
}

/** What a person calls the device or channel of a point. */
export function ownerName({ point, device, entity }: BoundPoint): string {
  return device ? device.alias || device.id : point.slice(0, -entity.id.length - 1)
}
