/** Chart plugin: frames around the stretches that are selected. */
import type uPlot from 'uplot'
import { css, withAlpha } from '@/kit/chart/colours'

export function frames(spans: () => [number, number][]): uPlot.Plugin {
  return {
    hooks: {
      draw: (u) => {
        const { ctx, bbox } = u
        ctx.save()
        ctx.strokeStyle = css('--accent')
        ctx.fillStyle = withAlpha(css('--accent'), 0.1)
        ctx.lineWidth = 2 * devicePixelRatio
        for (const [start, end] of spans()) {
          const left = Math.max(bbox.left, u.valToPos(start, 'x', true))
          const right = Math.min(bbox.left + bbox.width, u.valToPos(end, 'x', true))
          if (right <= left) continue
          ctx.fillRect(left, bbox.top, right - left, bbox.height)
          ctx.strokeRect(left, bbox.top, right - left, bbox.height)
        }
        ctx.restore()
      },
    },
  }
}
