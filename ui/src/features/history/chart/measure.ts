/** Chart plugin: the chosen range as a band with its length, and the mean of each curve in it as a line. */
import type uPlot from 'uplot'
import { css, withAlpha } from '@/kit/chart/colours'
import type { Span } from './gestures'

export interface Measured {
  span: Span
  text: string
  /** Means, with the unit of their axis and their colour. */
  means: { unit: string; value: number; color: string }[]
}

function drawMean(u: uPlot, left: number, right: number, mean: Measured['means'][number]): void {
  if (!u.scales[mean.unit]) return
  const y = Math.round(u.valToPos(mean.value, mean.unit, true))
  if (y < u.bbox.top || y > u.bbox.top + u.bbox.height) return
  u.ctx.strokeStyle = css(mean.color)
  u.ctx.beginPath()
  u.ctx.moveTo(left, y)
  u.ctx.lineTo(right, y)
  u.ctx.stroke()
}

export function measurePlugin(measured: () => Measured | null): uPlot.Plugin {
  return {
    hooks: {
      draw: (u) => {
        const found = measured()
        if (!found) return
        const { ctx, bbox } = u
        const ratio = devicePixelRatio
        const left = Math.max(bbox.left, u.valToPos(found.span[0], 'x', true))
        const right = Math.min(bbox.left + bbox.width, u.valToPos(found.span[1], 'x', true))
        if (right <= left) return
        ctx.save()
        ctx.fillStyle = withAlpha(css('--accent'), 0.12)
        ctx.fillRect(left, bbox.top, right - left, bbox.height)
        ctx.lineWidth = ratio
        ctx.setLineDash([3 * ratio, 3 * ratio])
        for (const mean of found.means) drawMean(u, left, right, mean)
        ctx.setLineDash([])
        ctx.strokeStyle = css('--accent')
        ctx.strokeRect(left, bbox.top, right - left, bbox.height)
        ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`
        ctx.textAlign = 'center'
        ctx.fillStyle = css('--accent')
        ctx.fillText(found.text, (left + right) / 2, bbox.top + bbox.height - 20 * ratio)
        ctx.restore()
      },
    },
  }
}
