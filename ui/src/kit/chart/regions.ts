/** Chart plugin: coloured bands behind the curves, one for each step, with a strip at the bottom that carries the name. */
import type uPlot from 'uplot'
import { css, withAlpha } from './colours'

export interface ChartRegion {
  start: number
  end: number
  label: string
  color: string
}

const STRIP = 14

interface Span {
  left: number
  right: number
}

function spanOf(u: uPlot, region: ChartRegion): Span | null {
  const { bbox } = u
  const left = Math.max(bbox.left, u.valToPos(region.start, 'x', true))
  const right = Math.min(bbox.left + bbox.width, u.valToPos(region.end, 'x', true))
  return right > left ? { left, right } : null
}

function drawBand(u: uPlot, region: ChartRegion): void {
  const span = spanOf(u, region)
  if (!span) return
  const { ctx, bbox } = u
  ctx.fillStyle = withAlpha(css(region.color), 0.08)
  ctx.fillRect(span.left, bbox.top, span.right - span.left, bbox.height)
}

/** The strip comes last, above the grid: its name must be readable. */
function drawStrip(u: uPlot, region: ChartRegion): void {
  const span = spanOf(u, region)
  if (!span) return
  const { ctx, bbox } = u
  const ratio = devicePixelRatio
  const top = bbox.top + bbox.height - STRIP * ratio
  const width = span.right - span.left - ratio
  ctx.fillStyle = css('--panel')
  ctx.fillRect(span.left, top, width, STRIP * ratio)
  ctx.fillStyle = withAlpha(css(region.color), 0.4)
  ctx.fillRect(span.left, top, width, STRIP * ratio)
  if (ctx.measureText(region.label).width + 8 * ratio > width) return
  ctx.fillStyle = css('--text')
  ctx.fillText(region.label, span.left + 4 * ratio, top + 10.5 * ratio)
}

export function regionsPlugin(regions: () => ChartRegion[]): uPlot.Plugin {
  const draw = (u: uPlot, each: (u: uPlot, region: ChartRegion) => void) => {
    u.ctx.save()
    u.ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`
    u.ctx.textAlign = 'left'
    u.ctx.textBaseline = 'alphabetic'
    for (const region of regions()) each(u, region)
    u.ctx.restore()
  }
  return { hooks: { drawClear: (u) => draw(u, drawBand), draw: (u) => draw(u, drawStrip) } }
}
