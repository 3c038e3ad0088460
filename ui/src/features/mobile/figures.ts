/** The few values of a device that a person on the way wants to see. */
import type { Device, Entity } from '@/api/types'

const UNITS = ['V', 'A', 'W', '°C', 'Ah', '%']
const MOST = 4

/** Measured numbers before set-points, the units of cells before others; the order of the device decides the rest. */
export function keyFigures(device: Device): Entity[] {
  const rank = (entity: Entity) => {
    const unit = UNITS.indexOf(entity.unit ?? '')
    return (entity.access === 'RO' ? 0 : 100) + (unit < 0 ? UNITS.length : unit)
  }
  const numbers = device.entities.filter((entity) => entity.kind === 'numeric' && entity.access !== 'WO')
  const measured = numbers.filter((entity) => entity.access === 'RO')
  return (measured.length ? measured : numbers).map((entity, place) => ({ entity, place })).sort((a, b) => rank(a.entity) - rank(b.entity) || a.place - b.place).slice(0, MOST).map((one) => one.entity)
}
