/** Builds uPlot options in our look from a short description of the series. */
import type uPlot from 'uplot'
import { locale } from '@/i18n'
import { formatDuration, formatNumber, NOTHING } from '../format'
import { css, withAlpha } from './colours'

export interface ChartSeries {
  label: string
  unit: string
  color: string
  precision?: number | null
  /** Drawn as steps with filled ground: counts, not measured values. */
  steps?: boolean
  /** Drawn in dashes, where two curves share a colour. */
  dash?: number[]
  /** Holes in the data are holes in the curve. */
  gaps?: boolean
  /** Ends of the axis of this unit; an axis without them follows the values. */
  low?: number | null
  high?: number | null
}

/** `clock`: wall time; `elapsed`: hours and minutes since zero; `count`: whole numbers, a point each; `amount`: any quantity. */
export type ChartAxis = 'clock' | 'elapsed' | 'count' | 'amount'

export interface ChartStyle {
  /** Regions have a strip with their names at the bottom: curves stay above it. */
  strip?: boolean
  series: ChartSeries[]
  axis: ChartAxis
  width: number
  height: number
  plugins: uPlot.Plugin[]
  sync?: string
  /** Draws series that are steps. */
  stepped?: uPlot.Series.PathBuilder
}

const FONT = '11px system-ui, sans-serif'

/** Over more than a day and a half midnight carries the date. */
const DATED_S = 129_600

function clockText(seconds: number, span: number): string {
  const date = new Date(seconds * 1000)
  if (span > DATED_S && date.getHours() + date.getMinutes() === 0) return date.toLocaleDateString(locale(), { day: 'numeric', month: 'short' })
  const two = (n: number) => String(n).padStart(2, '0')
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`
  return span < 1800 ? `${time}:${two(date.getSeconds())}` : time
}

function elapsedText(seconds: number): string {
  if (Math.abs(seconds) < 1e-9) return '0'
  return formatDuration(seconds)
}

const COUNT_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
/** Steps of the time axis in seconds: whole minutes and hours, never 2000 s. */
const TIME_STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800]

function xAxis(style: ChartStyle): uPlot.Axis {
  const elapsed = style.axis === 'elapsed'
  const counted = style.axis === 'count'
  return {
    stroke: () => css('--text-2'),
    grid: { stroke: () => css('--line'), width: 1 },
    ticks: { stroke: () => css('--line'), width: 1, size: 4 },
    font: FONT,
    space: 80,
    size: 30,
    ...(style.axis === 'amount' ? {} : { incrs: counted ? COUNT_STEPS : TIME_STEPS }),
    values: (_u, splits) => {
      if (counted) return splits.map(String)
      if (style.axis === 'amount') return splits.map((value) => formatNumber(value, splitDigits(splits)))
      const span = (splits.at(-1) ?? 0) - (splits[0] ?? 0)
      return splits.map((value) => (elapsed ? elapsedText(value) : clockText(value, span)))
    },
  }
}

/** One y axis per unit: the first left, the others right. */
function yAxes(units: string[], narrow: boolean): uPlot.Axis[] {
  return units.map((unit, place) => ({
    scale: unit,
    side: place === 0 ? 3 : 1,
    show: place < (narrow ? 2 : 3),
    stroke: () => css('--text-2'),
    grid: place === 0 ? { stroke: () => css('--line'), width: 1 } : { show: false },
    ticks: { stroke: () => css('--line'), width: 1, size: 4 },
    font: FONT,
    labelFont: FONT,
    label: narrow ? undefined : unit,
    labelSize: 16,
    labelGap: 0,
    size: narrow ? 40 : 46,
    values: (_u, splits) => splits.map((value) => formatNumber(value, splitDigits(splits))),
  }))
}

/** As many digits as the ticks need to be told apart and true: 2.25 is not 2.3. */
export function splitDigits(splits: number[]): number {
  for (let digits = 0; digits < 6; digits += 1) {
    const scale = 10 ** digits
    if (splits.every((value) => Math.abs(value * scale - Math.round(value * scale)) < 1e-6 * scale)) return digits
  }
  return 6
}

/** Less than this is noise: the axis never zooms in so far that a flat line looks like an event. */
const LEAST_SPAN: Record<string, number> = { '°C': 4, V: 0.05, A: 0.1, W: 0.1 }

function padded(unit: string, strip: boolean): uPlot.Range.Function {
  const least = LEAST_SPAN[unit] ?? 1e-3
  return (_u, low, high) => {
    if (low === null || high === null) return [0, 1]
    const margin = Math.max((high - low) * 0.08, (least - (high - low)) / 2, Math.abs(high) * 0.002)
    const below = strip ? margin + (high - low + 2 * margin) * 0.045 : margin
    return [low - below, high + margin]
  }
}

/** Counts begin at zero and never end below a few. */
const fromZero: uPlot.Range.Function = (_u, _low, high) => [0, Math.max(4, (high ?? 0) * 1.15)]

function rangeOf(unit: string, style: ChartStyle): uPlot.Range.Function {
  const counted = style.series.filter((series) => series.unit === unit).every((series) => series.steps)
  const usual = counted ? fromZero : padded(unit, Boolean(style.strip))
  const fixed = (end: 'low' | 'high') => style.series.find((series) => series.unit === unit && typeof series[end] === 'number')?.[end] ?? null
  const [low, high] = [fixed('low'), fixed('high')]
  if (low === null && high === null) return usual
  return (u, dataMin, dataMax, scale) => {
    const free = usual(u, dataMin, dataMax, scale)
    return [low ?? free[0], high ?? free[1]]
  }
}

/** A value for the legend. */
export function seriesText(series: ChartSeries, value: number | null | undefined): string {
  return value === null || value === undefined ? NOTHING : `${formatNumber(value, series.precision)} ${series.unit}`.trim()
}

/** The time under the cursor for the legend. */
export function timeText(axis: ChartStyle['axis'], seconds: number): string {
  if (axis === 'count') return String(seconds)
  if (axis === 'amount') return formatNumber(seconds)
  return axis === 'elapsed' ? elapsedText(seconds) : clockText(seconds, 0)
}

/** Half a step of room on both sides: the first and the last point are no part of the frame. */
const aroundCounts: uPlot.Range.Function = (_u, low, high) => [(low ?? 0) - 0.5, (high ?? 1) + 0.5]

export function chartOptions(style: ChartStyle): uPlot.Options {
  const units = [...new Set(style.series.map((series) => series.unit))]
  const narrow = style.width < 560
  return {
    width: style.width,
    height: style.height,
    padding: [8, units.length > 1 ? 0 : 12, 0, 0],
    plugins: style.plugins,
    cursor: {
      drag: { x: true, y: false, setScale: true },
      focus: { prox: 24 },
      ...(style.sync ? { sync: { key: style.sync } } : {}),
    },
    legend: { show: false },
    focus: { alpha: 0.5 },
    scales: { x: { time: false, ...(style.axis === 'count' ? { range: aroundCounts } : {}) }, ...Object.fromEntries(units.map((unit) => [unit, { auto: true, range: rangeOf(unit, style) }])) },
    axes: [xAxis(style), ...yAxes(units, narrow)],
    series: [
      {},
      ...style.series.map((series) => ({
        label: series.label,
        scale: series.unit,
        stroke: () => css(series.color),
        width: 1.5,
        ...(series.steps ? { paths: style.stepped, fill: () => withAlpha(css(series.color), 0.25) } : {}),
        ...(series.dash ? { dash: series.dash } : {}),
        spanGaps: !series.gaps,
        points: style.axis === 'count' ? { show: true, size: 6 } : { show: false },
      })),
    ],
  }
}
