/** Sorting and searching of table rows. */
export type Cell = string | number | boolean | null | undefined

export interface Column<T> {
  key: string
  title: string
  /** What is sorted and searched; numbers sort as numbers. */
  value: (row: T) => Cell
  /** What is shown and searched, where it differs; a slot `cell-<key>` may draw it. */
  text?: (row: T) => string
  align?: 'num'
  /** Left out on a phone. */
  wide?: boolean
  sortable?: boolean
}

export interface Sort {
  key: string
  down: boolean
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
const missing = (cell: Cell) => cell === null || cell === undefined || cell === ''

function compare(a: Cell, b: Cell): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return collator.compare(String(a), String(b))
}

/** A new list; rows without a value stand last in both directions, equal ones keep their order. */
export function sortRows<T>(rows: readonly T[], columns: readonly Column<T>[], sort: Sort | null): T[] {
  const column = columns.find((one) => one.key === sort?.key)
  if (!column || !sort) return [...rows]
  const sign = sort.down ? -1 : 1
  return [...rows].sort((one, other) => {
    const [a, b] = [column.value(one), column.value(other)]
    if (missing(a) || missing(b)) return Number(missing(a)) - Number(missing(b))
    return sign * compare(a, b)
  })
}

/** Rows in which every word is found in some column. */
export function searchRows<T>(rows: readonly T[], columns: readonly Column<T>[], search: string): T[] {
  const words = search.trim().toLowerCase().split(/\s+/).filter(Boolean)
  if (!words.length) return [...rows]
  const textOf = (row: T) => columns.map((column) => `${column.text?.(row) ?? ''} ${column.value(row) ?? ''}`).join(' ').toLowerCase()
  return rows.filter((row) => {
    const text = textOf(row)
    return words.every((word) => text.includes(word))
  })
}

/** One press sorts up, the next down, the third as it was. */
export function nextSort(sort: Sort | null, key: string): Sort | null {
  if (sort?.key !== key) return { key, down: false }
  return sort.down ? null : { key, down: true }
}
