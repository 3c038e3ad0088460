/** Chart plugin: limits as dashed lines across, each with its words at the right. */
import type uPlot from 'uplot'
import { css } from './colours'

export interface ChartLimit {
  unit: string
  at: number
  label: string
  color: string
}

function drawLimit(u: uPlot, limit: ChartLimit): void {
  const scale = u.scales[limit.unit]
  const { ctx, bbox } = u
  if (!scale || limit.at < (scale.min ?? Infinity) || limit.at > (scale.max ?? -Infinity)) return
  const ratio = devicePixelRatio
  const y = Math.round(u.valToPos(limit.at, limit.unit, true))
  ctx.strokeStyle = ctx.fillStyle = css(limit.color)
  ctx.setLineDash([6 * ratio, 4 * ratio])
  ctx.lineWidth = ratio
  ctx.beginPath()
  ctx.moveTo(bbox.left, y)
  ctx.lineTo(bbox.left + bbox.width, y)
  ctx.stroke()
  const above = y - bbox.top > 14 * ratio
  ctx.fillText(limit.label, bbox.left + bbox.width - 4 * ratio, above ? y - 4 * ratio : y + 11 * ratio)
}

export function limitsPlugin(limits: () => ChartLimit[]): uPlot.Plugin {
  return {
    hooks: {
      draw: (u) => {
        u.ctx.save()
        u.ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`
        u.ctx.textAlign = 'right'
        u.ctx.textBaseline = 'alphabetic'
        for (const limit of limits()) drawLimit(u, limit)
        u.ctx.restore()
      },
    },
  }
}
