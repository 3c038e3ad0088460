import { describe, expect, it } from 'vitest'
import { listOf, recordOf, twice } from './conditions'

describe('conditions of a recording', () => {
  it('keeps the type of what nobody touched', () => {
    const before = { temperature: 24.5, cell: 'A-17', wiring: { kelvin: true } }
    const list = listOf(before)
    const cell = list.find((one) => one.name === 'cell')
    if (cell) cell.value = 'A-18'
    expect(recordOf(list, before)).toEqual({ temperature: 24.5, cell: 'A-18', wiring: { kelvin: true } })
  })
  it('leaves rows without a name out and finds names that stand twice', () => {
    const list = [{ name: ' cell ', value: 'A' }, { name: '', value: 'lost' }, { name: 'cell', value: 'B' }]
    expect(recordOf(list.slice(0, 2))).toEqual({ cell: 'A' })
    expect(twice(list)).toEqual(['cell'])
  })
})
