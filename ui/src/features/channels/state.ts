/** What a channel is doing in one word, and how far it is from its nearest limit; pure functions. */
import type { Run, RunLimit, RunLive, RunProtection } from '@/api/types'

export type ChannelState = 'idle' | 'charging' | 'discharging' | 'resting' | 'paused' | 'held' | 'asks' | 'failed' | 'starting' | 'broken'

/** Less current than this is rest. */
const FLOWS_A = 0.002

export function activeRun(runs: readonly Run[], channel: string): Run | null {
  return runs.find((run) => run.bindings?.channel === channel && run.state !== 'finished' && run.state !== 'queued') ?? null
}

/** In the order in which they will start. */
export function queueOf(runs: readonly Run[], channel: string): Run[] {
  return [...runs].reverse().filter((run) => run.bindings?.channel === channel && run.state === 'queued')
}

export function stateOf(run: Run | null, last: Run | null, broken: boolean): ChannelState {
  if (broken) return 'broken'
  if (!run) return last && ['fail', 'error'].includes(last.verdict) ? 'failed' : 'idle'
  return (['held', 'paused', 'starting'] as const).find((state) => state === run.state) ?? whileRunning(run)
}

function whileRunning(run: Run): ChannelState {
  if (run.prompts?.length) return 'asks'
  const current = run.live?.current ?? 0
  return Math.abs(current) < FLOWS_A ? 'resting' : current > 0 ? 'charging' : 'discharging'
}

export interface Margin {
  limit: string
  margin: number
  unit: string
  /** 0: at the limit; 1: as far as the whole range. */
  share: number
}

type Sense = 'low' | 'high'
const bySense = (value: number, bound: number, sense: Sense) => (sense === 'high' ? bound - value : value - bound)

interface Seen {
  value: number
  sense: Sense
  name: string
}

/** Whether a limit of one direction says nothing now, because current flows the other way. */
function isAgainst(quantity: string, current: number): boolean {
  if (quantity.startsWith('charge_')) return current < -FLOWS_A
  return quantity.startsWith('discharge_') && current > FLOWS_A
}

/** Of the value a limit looks at now; null for one of the direction that does not flow. */
function seenBy(quantity: string, live: RunLive): Seen | null {
  const sense: Sense = quantity.endsWith('_min') ? 'low' : 'high'
  const current = live.current ?? 0
  if (isAgainst(quantity, current)) return null
  if (quantity.endsWith('_current')) return Math.abs(current) > FLOWS_A ? { value: Math.abs(current), sense, name: quantity } : null
  const found = /(voltage|temp)_(min|max)$/.exec(quantity)
  const value = found?.[1] === 'voltage' ? live.voltage : live.temp
  return found && value != null ? { value, sense, name: found[0] } : null
}

function spanOf(limits: readonly RunLimit[], limit: RunLimit): number {
  const other = limit.quantity.endsWith('_min') ? limit.quantity.replace(/_min$/, '_max') : limit.quantity.replace(/_max$/, '_min')
  const opposite = other === limit.quantity ? 0 : limits.find((one) => one.quantity === other)?.value
  const value = Number(limit.value)
  return Math.abs(value - (typeof opposite === 'number' ? opposite : 0)) || Math.abs(value) || 1
}

/** The limit that is nearest, measured in its own range: 0.1 V of 1.8 V is nearer than 10 K of 45 K. */
export function nearestLimit(limits: readonly RunLimit[], live: RunLive | null): Margin | null {
  if (!live) return null
  let nearest: Margin | null = null
  for (const limit of limits) {
    if (typeof limit.value !== 'number') continue
    const seen = seenBy(limit.quantity, live)
    if (!seen) continue
    const margin = bySense(seen.value, limit.value, seen.sense)
    const found = { limit: seen.name, margin, unit: limit.unit === '°C' ? 'K' : (limit.unit ?? ''), share: margin / spanOf(limits, limit) }
    if (!nearest || found.share < nearest.share) nearest = found
  }
  return nearest
}

/** Seconds to the next end where it is one of time. */
export function endsIn(live: RunLive | null): number | null {
  const end = live?.next_end
  if (!end || end.actual === null || end.limit === null || !/^((step|run|cycle)\.)?time\b/.test(end.text)) return null
  return Math.max(0, end.limit - end.actual)
}

export type Lamp = 'armed' | 'partly' | 'notArmed'

/** Whether the instruments themselves would switch off: every protection reads back as it was wanted. */
export function lampOf(run: Run | null): Lamp {
  const list: RunProtection[] = run?.protections ?? []
  if (!run || !list.length) return 'notArmed'
  return list.every((one) => one.achieved !== null && Math.abs(one.achieved - one.wanted) < 0.005) ? 'armed' : 'partly'
}
