/** Data behind the live chart: loads what was, adds what comes, repaints at most four times a second. */
import uPlot from 'uplot'
import { onBeforeUnmount, watch, type Ref } from 'vue'
import { devicesApi } from '@/api/endpoints'
import type { History } from '@/api/types'
import { serverNow } from '@/stores/clock'
import { onSamples, want } from '@/stores/samples'
import { SeriesBuffer } from './series'

const PAINT_MS = 250
const RING_S = 600

type Paint = (data: uPlot.AlignedData, range: [number, number]) => void

/** Newest part first: the memory of the server, then what was recorded before it. */
async function past(device: string, entities: string[], seconds: number, take: (history: History) => void): Promise<void> {
  take(await devicesApi.recent(device, entities))
  if (seconds <= RING_S) return
  const now = serverNow()
  take(await devicesApi.history(device, entities, { start: now - seconds, end: now, points: 1000 }))
}

function byDevice(points: string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const point of points) {
    const cut = point.indexOf('.')
    const device = point.slice(0, cut)
    groups.set(device, [...(groups.get(device) ?? []), point.slice(cut + 1)])
  }
  return groups
}

export function useLiveSeries(points: Ref<string[]>, seconds: Ref<number>, paint: Paint): void {
  let buffer = new SeriesBuffer([])
  let unwant: () => void = () => undefined
  let dirty = false

  async function load(mine: SeriesBuffer): Promise<void> {
    const reads = [...byDevice(mine.points)].map(async ([device, entities]) => {
      await past(device, entities, seconds.value, (history) => {
        if (mine === buffer) mine.prepend(history)
        dirty = true
      })
    })
    await Promise.allSettled(reads)
    dirty = true
  }

  function restart(): void {
    unwant()
    buffer = new SeriesBuffer([...points.value])
    unwant = want(buffer.points)
    dirty = true
    void load(buffer)
  }

  function repaint(): void {
    if (document.hidden) return
    if (!dirty && buffer.points.length) return
    dirty = false
    const now = serverNow()
    buffer.trim(now - seconds.value * 1.1)
    const tables = buffer.points.map((point) => [buffer.track(point).t, buffer.track(point).v] as uPlot.AlignedData)
    paint(tables.length ? uPlot.join(tables) : [[]], [now - seconds.value, now])
  }

  const stop = onSamples((values) => {
    if (buffer.append(values)) dirty = true
  })
  const timer = window.setInterval(repaint, PAINT_MS)
  watch([points, seconds], restart, { immediate: true, deep: true })
  onBeforeUnmount(() => {
    stop()
    unwant()
    window.clearInterval(timer)
  })
}
