import { describe, expect, it } from 'vitest'
import type { Device, Entity } from '@/api/types'
import { keyFigures } from './figures'

const entity = (id: string, unit: string, access: Entity['access'] = 'RO', kind: Entity['kind'] = 'numeric') => ({ id, name: id, kind, unit, access }) as Entity
const device = (...entities: Entity[]) => ({ id: 'X', entities }) as Device
const ids = (found: Entity[]) => found.map((one) => one.id)

describe('key figures', () => {
  it('shows voltage and current before whatever else is measured, and no set-points', () => {
    expect(ids(keyFigures(device(entity('fan', 'rpm'), entity('i', 'A'), entity('set_u', 'V', 'RW'), entity('u', 'V'), entity('on', '', 'RO', 'toggle'))))).toEqual(['u', 'i', 'fan'])
  })
  it('shows set-points of a device that measures nothing', () => {
    expect(ids(keyFigures(device(entity('set_u', 'V', 'RW'), entity('reset', '', 'WO'))))).toEqual(['set_u'])
  })
  it('never shows more than four', () => {
    expect(keyFigures(device(...['a', 'b', 'c', 'd', 'e'].map((id) => entity(id, 'V'))))).toHaveLength(4)
  })
})
