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

function drawRegion(u: uPlot, region: ChartRegion): void {
  const { ctx, bbox } = u
  const ratio = devicePixelRatio
  const left = Math.max(bbox.left, u.valToPos(region.start, 'x', true))
  const right = Math.min(bbox.left + bbox.width, u.valToPos(region.end, 'x', true))
  if (right <= left) return
  const colour = css(region.color)
  ctx.fillStyle = withAlpha(colour, 0.07)
  ctx.fillRect(left, bbox.top, right - left, bbox.height)
  ctx.fillStyle = withAlpha(colour, 0.3)
  const top = bbox.top + bbox.height - STRIP * ratio
  ctx.fillRect(left, top, right - left - ratio, STRIP * ratio)
  if (ctx.measureText(region.label).width + 8 * ratio > right - left) return
  ctx.fillStyle = css('--text')
  ctx.fillText(region.label, left + 4 * ratio, top + 10.5 * ratio)
}

export function regionsPlugin(regions: () => ChartRegion[]): uPlot.Plugin {
  return {
    hooks: {
      drawClear: (u) => {
        u.ctx.save()
        u.ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`
        u.ctx.textAlign = 'left'
        for (const region of regions()) drawRegion(u, region)
        u.ctx.restore()
      },
    },
  }
}
