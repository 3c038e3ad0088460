/** Which runs the list shows, and what a comparison of their cycles is drawn from; pure functions. */
import type { Run, RunCycle } from '@/api/types'

export const UNDER_WAY = 'under_way'

export interface RunFilter {
  text: string
  /** Empty: all; `under_way`; a state; or a verdict. */
  state: string
}

function textOf(run: Run): string {
  const bound = Object.values(run.bindings ?? {}).map(String)
  const told = Object.values(run.conditions ?? {}).map(String)
  return [run.title, run.sequence, run.id, run.message ?? '', ...bound, ...told].join(' ').toLowerCase()
}

/** Every word must occur somewhere: in title, id, message, what it was bound to, or its conditions. */
export function matches(run: Run, filter: RunFilter): boolean {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const content = words.length ? textOf(run) : ''
  if (!words.every((word) => content.includes(word))) return false
  if (!filter.state) return true
  if (filter.state === UNDER_WAY) return run.state !== 'finished'
  return run.state === filter.state || (run.state === 'finished' && run.verdict === filter.state)
}

export interface CycleFigures {
  cycles: number[]
  /** Of each run its discharge capacity and its coulombic efficiency in percent, by cycle; null where it has none. */
  capacity: (number | null)[][]
  efficiency: (number | null)[][]
}

/** Joins the cycles of several runs on one axis; partial ones are left out, their capacity says nothing. */
export function cycleFigures(runs: readonly RunCycle[][]): CycleFigures {
  const whole = runs.map((rows) => new Map(rows.filter((row) => !row.partial).map((row) => [row.cycle, row])))
  const cycles = [...new Set(whole.flatMap((rows) => [...rows.keys()]))].sort((a, b) => a - b)
  return {
    cycles,
    capacity: whole.map((rows) => cycles.map((cycle) => rows.get(cycle)?.discharge_ah ?? null)),
    efficiency: whole.map((rows) => cycles.map((cycle) => percent(rows.get(cycle)?.ce))),
  }
}

const percent = (share: number | null | undefined) => (share === null || share === undefined ? null : share * 100)
