/** How the points of a chart are called, coloured and bounded. */
import type { ChartBand } from '@/kit/chart/bands'
import type { ChartLimit } from '@/kit/chart/limits'
import type { ChartSeries } from '@/kit/chart/options'
import { formatNumber } from '@/kit/format'
import type { PointLimits } from './limits'
import { findPoint, ownerName } from './lookup'
import { t } from './messages'

const PALETTE = ['--s1', '--s2', '--s3', '--s4', '--s5', '--s6']
/** Quantities of a channel keep their colour of the panels; others take what is left. */
const OWN: Record<string, string> = { voltage: '--s2', current: '--s1', temp: '--s3', power: '--s4' }

export interface CurveOptions {
  low?: number | null
  high?: number | null
}

/** Every curve its own colour, as long as there are enough; wishes come first. */
export function coloursOf(wishes: (string | undefined)[]): string[] {
  const granted = wishes.map((wish, place) => (wish && wishes.indexOf(wish) === place ? wish : undefined))
  const free = PALETTE.filter((colour) => !granted.includes(colour))
  let next = 0
  return granted.map((wish, place) => wish ?? free[next++] ?? PALETTE[place % PALETTE.length] ?? '--s1')
}

/** A curve for each point: those of one device need not repeat its name. */
export function curvesOf(points: readonly string[], { low = null, high = null }: CurveOptions = {}): ChartSeries[] {
  const found = points.map((point) => findPoint(point))
  const owners = new Set(found.map((bound, place) => (bound ? ownerName(bound) : points[place])))
  const colours = coloursOf(found.map((bound) => (bound && !bound.device ? OWN[bound.entity.id] : undefined)))
  return found.map((bound, place) => {
    if (!bound) return { label: points[place] ?? '', unit: '', color: '--text-3', gaps: true }
    const { entity } = bound
    const steps = entity.kind === 'toggle'
    return { label: owners.size > 1 ? `${ownerName(bound)} ${entity.name}` : entity.name, unit: entity.unit ?? '', color: colours[place] ?? '--s1', precision: entity.precision, gaps: true, steps, low, high }
  })
}

export interface BoundedCurve {
  curve: ChartSeries
  limits: PointLimits
}

/** Ground where an alarm would be raised; curves that share an axis but not their limits get lines only. */
export function bandsOf(bounded: BoundedCurve[]): ChartBand[] {
  return bounded
    .filter(({ curve, limits }) => bounded.every((other) => other.curve.unit !== curve.unit || JSON.stringify(other.limits) === JSON.stringify(limits)))
    .flatMap(({ curve: { unit }, limits: { lolo, lo, hi, hihi } }): ChartBand[] => [
      ...(hihi === null ? [] : [{ unit, from: hihi, to: null, tone: 'bad' as const }]),
      ...(hi === null ? [] : [{ unit, from: hi, to: hihi, tone: 'warn' as const }]),
      ...(lo === null ? [] : [{ unit, from: lolo, to: lo, tone: 'warn' as const }]),
      ...(lolo === null ? [] : [{ unit, from: null, to: lolo, tone: 'bad' as const }]),
    ])
}

const MARKS = { hihi: ['▲▲ ', '--bad'], hi: ['▲ ', '--warn'], lo: ['▼ ', '--warn'], lolo: ['▼▼ ', '--bad'] } as const

/** The same limits as lines with words: colour alone says nothing. */
export function linesOf(bounded: BoundedCurve[]): ChartLimit[] {
  return bounded.flatMap(({ curve, limits }) =>
    (Object.keys(MARKS) as (keyof typeof MARKS)[]).flatMap((word) => {
      const at = limits[word]
      const [mark, color] = MARKS[word]
      return at === null ? [] : [{ unit: curve.unit, at, color, label: `${mark}${curve.label} ${t(word.toUpperCase() as 'HI')} ${formatNumber(at)} ${curve.unit}` }]
    }),
  )
}
