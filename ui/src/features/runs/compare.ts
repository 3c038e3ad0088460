/** What a comparison of runs is drawn from: figures by cycle, and voltage over charge on one axis; pure functions. */
import type { RunLoop, RunReport } from '@/api/runLists'
import type { RunCycle, RunStep } from '@/api/types'

type Column = (number | null)[]

export const METRICS = ['capacity', 'ce', 'dcir', 'ee', 'meanV'] as const
export type Metric = (typeof METRICS)[number]
export const METRIC_UNITS: Record<Metric, { unit: string; precision: number }> = {
  capacity: { unit: 'Ah', precision: 4 }, ce: { unit: '%', precision: 2 }, dcir: { unit: 'mΩ', precision: 1 }, ee: { unit: '%', precision: 1 }, meanV: { unit: 'V', precision: 3 },
}

const percent = (share: number | null | undefined) => (share === null || share === undefined ? null : share * 100)
/** Partial cycles say nothing about capacity. */
const OF_CYCLE: Record<Exclude<Metric, 'dcir'>, (row: RunCycle) => number | null> = {
  capacity: (row) => row.discharge_ah,
  ce: (row) => percent(row.ce),
  ee: (row) => percent(row.ee),
  meanV: (row) => row.mean_v_discharge,
}

/** The time after the jump at which most runs have a resistance; the longest of them. */
export function commonPulse(reports: readonly Pick<RunReport, 'steps'>[]): number | null {
  const counts = new Map<number, number>()
  for (const report of reports) for (const at of new Set(report.steps.flatMap((step) => (step.dcir ?? []).map((one) => one.at_s)))) counts.set(at, (counts.get(at) ?? 0) + 1)
  const best = [...counts].sort(([a, m], [b, n]) => n - m || b - a)[0]
  return best?.[0] ?? null
}

/** Resistance by cycle in mΩ: the mean of both directions. */
function dcirOf(steps: readonly RunStep[], at: number | null): Map<number, number> {
  const all = new Map<number, number[]>()
  for (const step of steps) {
    for (const one of step.dcir ?? []) if (one.at_s === at && one.ohm !== null) all.set(step.cycle, [...(all.get(step.cycle) ?? []), one.ohm * 1000])
  }
  return new Map([...all].map(([cycle, values]) => [cycle, values.reduce((sum, one) => sum + one, 0) / values.length]))
}

function valuesOf(report: Pick<RunReport, 'steps' | 'cycles'>, metric: Metric, at: number | null): Map<number, number> {
  if (metric === 'dcir') return dcirOf(report.steps, at)
  const found = report.cycles.filter((row) => !row.partial).map((row) => [row.cycle, OF_CYCLE[metric](row)] as const)
  return new Map(found.filter((pair): pair is readonly [number, number] => pair[1] !== null))
}

export interface Figures {
  cycles: number[]
  /** A column for each run; null where it has no figure. */
  columns: Column[]
}

export function figuresOf(reports: readonly Pick<RunReport, 'steps' | 'cycles'>[], metric: Metric): Figures {
  const at = commonPulse(reports)
  const all = reports.map((report) => valuesOf(report, metric, at))
  const cycles = [...new Set(all.flatMap((one) => [...one.keys()]))].sort((a, b) => a - b)
  return { cycles, columns: all.map((one) => cycles.map((cycle) => one.get(cycle) ?? null)) }
}

/** Cycles that at least one run can draw, and the last that all of them can. */
export function loopCycles(reports: readonly Pick<RunReport, 'loops'>[]): { all: number[]; common: number | null } {
  const sets = reports.map((report) => new Set(report.loops.map((loop) => loop.cycle)))
  const all = [...new Set(sets.flatMap((set) => [...set]))].sort((a, b) => a - b)
  const shared = all.filter((cycle) => sets.every((set) => set.has(cycle)))
  return { all, common: shared.at(-1) ?? all.at(-1) ?? null }
}

/** Place of the last point at or before a charge; the charges rise. */
function placeOf(xs: readonly number[], ah: number): number {
  let low = 0
  let high = xs.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((xs[middle] as number) <= ah) low = middle
    else high = middle
  }
  return low
}

/** The value of a curve at a charge, straight between its points; null beyond its ends. */
export function voltageAt(loop: Pick<RunLoop, 'ah' | 'voltage'>, ah: number): number | null {
  const { ah: xs, voltage: ys } = loop
  const place = placeOf(xs, ah)
  const [from, to] = [xs[place], xs[place + 1]]
  const [low, high] = [ys[place], ys[place + 1]]
  if (from === undefined || low === undefined || ah < from) return null
  if (to === undefined || high === undefined) return ah === from ? low : null
  if (ah > to) return null
  return to > from ? low + ((ah - from) / (to - from)) * (high - low) : low
}

const GRID = 400

/** Several curves on one axis of charge. */
export function onOneAxis(loops: readonly Pick<RunLoop, 'ah' | 'voltage'>[]): { ah: number[]; columns: Column[] } {
  const most = Math.max(0, ...loops.map((loop) => loop.ah.at(-1) ?? 0))
  if (!most) return { ah: [], columns: loops.map(() => []) }
  const ah = Array.from({ length: GRID + 1 }, (_, place) => (most * place) / GRID)
  return { ah, columns: loops.map((loop) => ah.map((one) => voltageAt(loop, one))) }
}
