/** Chart plugin: the moment that is played back, as a line through a longer view. */
import type uPlot from 'uplot'
import { css } from './colours'

export function momentPlugin(moment: () => number | null): uPlot.Plugin {
  return {
    hooks: {
      draw: (u) => {
        const at = moment()
        const { ctx, bbox } = u
        if (at === null) return
        const x = Math.round(u.valToPos(at, 'x', true))
        if (x < bbox.left || x > bbox.left + bbox.width) return
        const ratio = devicePixelRatio
        ctx.save()
        ctx.strokeStyle = ctx.fillStyle = css('--accent')
        ctx.lineWidth = 2 * ratio
        ctx.beginPath()
        ctx.moveTo(x, bbox.top)
        ctx.lineTo(x, bbox.top + bbox.height)
        ctx.stroke()
        ctx.beginPath()
        ctx.arc(x, bbox.top + 4 * ratio, 4 * ratio, 0, 2 * Math.PI)
        ctx.fill()
        ctx.restore()
      },
    },
  }
}
