/** Chart plugin: where a value would raise an alarm, as ground behind the curves. */
import type uPlot from 'uplot'
import { css, withAlpha } from './colours'

export interface ChartBand {
  /** The unit: that is the name of its scale. */
  unit: string
  /** Null: to the end of the axis. */
  from: number | null
  to: number | null
  tone: 'warn' | 'bad'
}

function drawBand(u: uPlot, band: ChartBand): void {
  const scale = u.scales[band.unit]
  if (!scale || scale.min === null || scale.min === undefined) return
  const { ctx, bbox } = u
  const end = bbox.top + bbox.height
  const place = (value: number | null, edge: number) => (value === null ? edge : Math.min(end, Math.max(bbox.top, u.valToPos(value, band.unit, true))))
  const [top, bottom] = [place(band.to, bbox.top), place(band.from, end)]
  if (bottom <= top) return
  ctx.fillStyle = withAlpha(css(`--${band.tone}`), band.tone === 'bad' ? 0.14 : 0.1)
  ctx.fillRect(bbox.left, top, bbox.width, bottom - top)
}

export function bandsPlugin(bands: () => ChartBand[]): uPlot.Plugin {
  return { hooks: { drawClear: (u) => bands().forEach((band) => drawBand(u, band)) } }
}
