/** Chart plugin: limits as dashed lines across, each with its words at the right. */
import type uPlot from 'uplot'
import { css } from './colours'

export interface ChartLimit {
  unit: string
  at: number
  label: string
  color: string
}

/** Where words stand already: those of a line close by move to the left. */
interface Words {
  y: number
  left: number
}

function drawLimit(u: uPlot, limit: ChartLimit, words: Words[]): void {
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
  const base = y - bbox.top > 14 * ratio ? y - 4 * ratio : y + 11 * ratio
  const near = words.filter((word) => Math.abs(word.y - base) < 12 * ratio).map((word) => word.left)
  const right = Math.min(bbox.left + bbox.width - 4 * ratio, ...near.map((left) => left - 10 * ratio))
  const left = right - ctx.measureText(limit.label).width
  if (left < bbox.left) return
  words.push({ y: base, left })
  ctx.fillText(limit.label, right, base)
}

export function limitsPlugin(limits: () => ChartLimit[]): uPlot.Plugin {
  return {
    hooks: {
      draw: (u) => {
        u.ctx.save()
        u.ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`
        u.ctx.textAlign = 'right'
        u.ctx.textBaseline = 'alphabetic'
        const words: Words[] = []
        for (const limit of limits()) drawLimit(u, limit, words)
        u.ctx.restore()
      },
    },
  }
}
