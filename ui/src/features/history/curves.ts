/** Turns recorded history into columns to draw: no peak lost, coarse and fine joined, several recordings side by side. */
import type { AlignedData } from 'uplot'
import type { History, SeriesData } from '@/api/types'

/** Columns over one time axis: one device in one recording. */
export interface Table {
  t: number[]
  columns: (number | null)[][]
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : typeof value === 'boolean' ? Number(value) : null)

/**
 * A bucket becomes two points, its minimum and its maximum, a quarter of its width before and after its middle; which
 * comes first follows the course of the mean. Samples that are not condensed stay as they are.
 */
export function tableOf(history: History, entities: string[]): Table {
  const { t, resolution_s: width } = history
  const series = entities.map((entity) => history.series[entity])
  if (!width) return { t, columns: series.map((data) => (data?.v ?? t.map(() => null)).map(numberOf)) }
  return { t: t.flatMap((at) => [at - width / 4, at + width / 4]), columns: series.map((data) => pairs(data, t.length)) }
}

function pairs(data: SeriesData | undefined, count: number): (number | null)[] {
  const found: (number | null)[] = []
  const { min, max, avg } = data ?? {}
  for (let at = 0; at < count; at += 1) {
    if (!min || !max) {
      const value = numberOf(data?.v?.[at])
      found.push(value, value)
      continue
    }
    const [low, high] = [numberOf(min[at]), numberOf(max[at])]
    if (rises(avg, at)) found.push(low, high)
    else found.push(high, low)
  }
  return found
}

function rises(avg: (number | null)[] | undefined, at: number): boolean {
  const before = avg?.[at - 1] ?? avg?.[at]
  const after = avg?.[at + 1] ?? avg?.[at]
  return (after ?? 0) >= (before ?? 0)
}

/** First place whose time is at or after `time`. */
export function placeAt(t: readonly number[], time: number): number {
  let [low, high] = [0, t.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((t[middle] ?? 0) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** The overview with a finer part in the place of what it covers. */
export function splice(overview: Table, detail: Table | null, span: [number, number] | null): Table {
  if (!detail || !span) return overview
  const from = placeAt(overview.t, span[0])
  const to = placeAt(overview.t, span[1])
  return {
    t: [...overview.t.slice(0, from), ...detail.t, ...overview.t.slice(to)],
    columns: overview.columns.map((column, place) => [...column.slice(0, from), ...(detail.columns[place] ?? []), ...column.slice(to)]),
  }
}

/** All tables on one axis, each moved by its zero; curves of one table stay whole beside the others. */
export function aligned(tables: { table: Table; zero: number }[], join: (tables: AlignedData[]) => AlignedData): AlignedData {
  const moved = tables.map(({ table, zero }) => [zero ? table.t.map((t) => t - zero) : table.t, ...table.columns] as AlignedData)
  const only = moved[0]
  if (!only) return [[]]
  return moved.length === 1 ? only : join(moved)
}
