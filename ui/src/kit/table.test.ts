import { describe, expect, it } from 'vitest'
import { nextSort, searchRows, sortRows, type Column } from './table'

interface Row { name: string; volts: number | null }
const columns: Column<Row>[] = [
  { key: 'name', title: 'Name', value: (row) => row.name },
  { key: 'volts', title: 'Voltage', value: (row) => row.volts, text: (row) => `${row.volts} V` },
]
const rows: Row[] = [{ name: 'PSU_10', volts: 4.2 }, { name: 'PSU_2', volts: null }, { name: 'load', volts: 11 }]
const names = (list: Row[]) => list.map((row) => row.name)

describe('tables', () => {
  it('sorts numbers inside of names as numbers', () => {
    expect(names(sortRows(rows, columns, { key: 'name', down: false }))).toEqual(['load', 'PSU_2', 'PSU_10'])
  })
  it('keeps rows without a value at the end in both directions', () => {
    expect(names(sortRows(rows, columns, { key: 'volts', down: false }))).toEqual(['PSU_10', 'load', 'PSU_2'])
    expect(names(sortRows(rows, columns, { key: 'volts', down: true }))).toEqual(['load', 'PSU_10', 'PSU_2'])
  })
  it('finds rows that hold every word, also in the shown text', () => {
    expect(names(searchRows(rows, columns, 'psu 4.2 v'))).toEqual(['PSU_10'])
    expect(names(searchRows(rows, columns, '  '))).toHaveLength(3)
  })
  it('goes up, down and back to the given order', () => {
    const up = nextSort(null, 'name')
    const down = nextSort(up, 'name')
    expect([up, down, nextSort(down, 'name')]).toEqual([{ key: 'name', down: false }, { key: 'name', down: true }, null])
  })
})
