/** Chart plugin: regions a person named and times of alarms, as bands with their name at the top. */
import type uPlot from 'uplot'
import { css, withAlpha } from '@/kit/chart/colours'
import type { ChartRegion } from '@/kit/chart/regions'

const TOP = 52

export function bandsPlugin(bands: () => ChartRegion[]): uPlot.Plugin {
  function draw(u: uPlot, band: ChartRegion, lane: number): void {
    const { ctx, bbox } = u
    const ratio = devicePixelRatio
    const left = Math.max(bbox.left, u.valToPos(band.start, 'x', true))
    const right = Math.min(bbox.left + bbox.width, Math.max(u.valToPos(band.end, 'x', true), left + 2))
    if (right <= bbox.left || left >= bbox.left + bbox.width) return
    const colour = css(band.color)
    ctx.fillStyle = withAlpha(colour, 0.1)
    ctx.fillRect(left, bbox.top, right - left, bbox.height)
    const top = bbox.top + (TOP + lane * 16) * ratio
    ctx.fillStyle = withAlpha(colour, 0.85)
    ctx.fillRect(left, top, right - left, 2 * ratio)
    const room = bbox.left + bbox.width - left
    if (ctx.measureText(band.label).width > room) return
    ctx.fillStyle = css('--text')
    ctx.fillText(band.label, left + 3 * ratio, top + 13 * ratio)
  }
  return {
    hooks: {
      drawClear: (u) => {
        u.ctx.save()
        u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
        u.ctx.textAlign = 'left'
        u.ctx.textBaseline = 'alphabetic'
        bands().forEach((band, place) => draw(u, band, place % 3))
        u.ctx.restore()
      },
    },
  }
}
