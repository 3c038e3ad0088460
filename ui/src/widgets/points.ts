/** Looks up what a widget is bound to. */
import { computed, type ComputedRef } from 'vue'
import type { Device, Entity } from '@/api/types'
import { CHANNEL_QUANTITIES } from '@/kit/channel'
import { useDevices } from '@/stores/devices'

export interface BoundPoint {
  point: string
  /** Null for a value of a channel. */
  device: Device | null
  entity: Entity
}

const ofChannel = (id: string, name: string): Entity | null => {
  const quantity = CHANNEL_QUANTITIES.find((item) => item.id === name)
  if (!quantity) return null
  return { id: name, name: `${id} ${name}`, kind: 'numeric', unit: quantity.unit, access: 'RO', precision: quantity.precision, min: null, max: null, step: null, options: null, bits: null, group: null, role: null, danger: false }
}

/** The entity behind a point address (ids of devices may contain dots: the longest match); null when it is gone. */
export function findPoint(point: string): BoundPoint | null {
  const devices = useDevices().list
  for (let cut = point.lastIndexOf('.'); cut > 0; cut = point.lastIndexOf('.', cut - 1)) {
    const [id, name] = [point.slice(0, cut), point.slice(cut + 1)]
    const device = devices.find((item) => item.id === id)
    if (device?.category !== 'channel') {
      const entity = device?.entities.find((item) => item.id === name)
      if (device && entity) return { point, device, entity }
    }
    const entity = ofChannel(id, name)
    if (!device && entity) return { point, device: null, entity }
  }
  return null
}

export function useBoundPoint(point: () => string | undefined): ComputedRef<BoundPoint | null> {
  return computed(() => findPoint(point() ?? ''))
}
