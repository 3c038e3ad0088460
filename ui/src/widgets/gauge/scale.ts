/** Ends, bands and ticks of a gauge; pure functions. */
import type { Entity } from '@/api/types'
import type { PointLimits } from '@/kit/live/limits'

export interface Scale {
  low: number
  high: number
}

/** What people expect of a quantity nobody gave ends to. */
const USUAL: Record<string, Scale> = { V: { low: 0, high: 5 }, A: { low: -5, high: 5 }, W: { low: 0, high: 50 }, '°C': { low: 0, high: 60 }, '%': { low: 0, high: 100 } }

/** Given ends first, then those of the device, then a little around the alarm limits. */
export function scaleOf(entity: Entity, limits: PointLimits, options: { low?: number; high?: number }): Scale {
  const rungs = Object.values(limits).filter((limit): limit is number => typeof limit === 'number')
  const room = rungs.length ? Math.max(1e-9, Math.max(...rungs) - Math.min(...rungs)) * 0.15 || Math.abs(rungs[0] ?? 1) * 0.15 : 0
  const usual = USUAL[entity.unit ?? ''] ?? { low: 0, high: 100 }
  const around = rungs.length > 1 ? { low: Math.min(...rungs) - room, high: Math.max(...rungs) + room } : { low: Math.min(usual.low, ...rungs), high: Math.max(usual.high, ...rungs.map((limit) => limit + room)) }
  const low = options.low ?? entity.min ?? around.low
  const high = options.high ?? entity.max ?? around.high
  return high > low ? { low, high } : { low, high: low + 1 }
}

/** Where on the scale a value is, from 0 to 1. */
export function shareOf(value: number, { low, high }: Scale): number {
  return Math.min(1, Math.max(0, (value - low) / (high - low)))
}

export interface GaugeBand {
  from: number
  to: number
  tone: 'warn' | 'bad'
}

/** Alarm bands as shares of the scale; what lies outside of it is left out. */
export function gaugeBands({ lolo, lo, hi, hihi }: PointLimits, scale: Scale): GaugeBand[] {
  const share = (value: number | null, end: number) => (value === null ? end : shareOf(value, scale))
  const bands: GaugeBand[] = [
    { from: 0, to: share(lolo, 0), tone: 'bad' },
    { from: share(lolo, 0), to: share(lo, 0), tone: 'warn' },
    { from: share(hi, 1), to: share(hihi, 1), tone: 'warn' },
    { from: share(hihi, 1), to: 1, tone: 'bad' },
  ]
  return bands.filter((band) => band.to - band.from > 1e-9)
}

/** Opening of the arc in degrees, and how far it goes to both sides of the top. */
const HALF = 120

export function pointOn(share: number, radius: number): [x: number, y: number] {
  const angle = ((share * 2 - 1) * HALF * Math.PI) / 180
  return [50 + radius * Math.sin(angle), 50 - radius * Math.cos(angle)]
}

/** An SVG path along the arc. */
export function arc(from: number, to: number, radius: number): string {
  const [x0, y0] = pointOn(from, radius)
  const [x1, y1] = pointOn(to, radius)
  const wide = (to - from) * 2 * HALF > 180 ? 1 : 0
  return `M ${x0.toFixed(2)} ${y0.toFixed(2)} A ${radius} ${radius} 0 ${wide} 1 ${x1.toFixed(2)} ${y1.toFixed(2)}`
}

export const turnOf = (share: number) => (share * 2 - 1) * HALF
