/** Chart plugin: markers as vertical dashed lines with their label at the top. */
import type uPlot from 'uplot'
import { css } from './colours'

export interface ChartMarker {
  t: number
  label: string
  color?: string | null
}

const LANES = 3

/** Right edge of the last label in each lane: a label moves down only when it would cover another one. */
type Lanes = number[]

function drawMarker(u: uPlot, marker: ChartMarker, lanes: Lanes): void {
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
  const width = ctx.measureText(marker.label).width + 8 * ratio
  const left = Math.min(x + 2 * ratio, bbox.left + bbox.width - width)
  const lane = Math.max(0, lanes.findIndex((edge) => edge <= left))
  lanes[lane] = left + width
  const top = bbox.top + (2 + lane * 16) * ratio
  ctx.fillStyle = css('--panel-2')
  ctx.fillRect(left, top, width, 15 * ratio)
  ctx.fillStyle = marker.color || css('--text')
  ctx.fillText(marker.label, left + 4 * ratio, top + 11 * ratio)
}

export function markersPlugin(markers: () => ChartMarker[]): uPlot.Plugin {
  return {
    hooks: {
      draw: (u) => {
        const lanes: Lanes = Array.from({ length: LANES }, () => 0)
        u.ctx.save()
        u.ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
        u.ctx.textAlign = 'left'
        u.ctx.textBaseline = 'alphabetic'
        for (const marker of markers()) drawMarker(u, marker, lanes)
        u.ctx.restore()
      },
    },
  }
}
