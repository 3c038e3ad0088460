/** Chart plugin: markers as vertical dashed lines with their label at the top. */
import type uPlot from 'uplot'
import { css } from './colours'

export interface ChartMarker {
  t: number
  label: string
  color?: string | null
}

function drawMarker(u: uPlot, marker: ChartMarker, lane: number): void {
  const { ctx, bbox } = u
  const ratio = devicePixelRatio
  const x = Math.round(u.valToPos(marker.t, 'x', true))
  if (x < bbox.left || x > bbox.left + bbox.width) return
  ctx.strokeStyle = marker.color || css('--text-2')
  ctx.setLineDash([4 * ratio, 3 * ratio])
  ctx.lineWidth = ratio
  ctx.beginPath()
  ctx.moveTo(x, bbox.top)
  ctx.lineTo(x, bbox.top + bbox.height)
  ctx.stroke()
  const top = bbox.top + (2 + lane * 16) * ratio
  const width = ctx.measureText(marker.label).width + 8 * ratio
  const left = Math.min(x + 2 * ratio, bbox.left + bbox.width - width)
  ctx.fillStyle = css('--panel-2')
  ctx.fillRect(left, top, width, 15 * ratio)
  ctx.fillStyle = marker.color || css('--text')
  ctx.fillText(marker.label, left + 4 * ratio, top + 11 * ratio)
}

export function markersPlugin(markers: () => ChartMarker[]): uPlot.Plugin {
  return {
    hooks: {
      draw: (u) => {
        u.ctx.save()
        u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
        u.ctx.textAlign = 'left'
        markers().forEach((marker, place) => drawMarker(u, marker, place % 3))
        u.ctx.restore()
      },
    },
  }
}
