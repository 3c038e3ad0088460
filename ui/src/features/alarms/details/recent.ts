/** Brings the server's memory, where each value has its own times, onto one axis of time. */
import type { History } from '@/api/types'
import { valuesOf } from '@/kit/seriesValues'

export function joined(recent: History, names: readonly string[], span: { start: number; end: number }): History {
  const tracks = names.map((name) => {
    const track = recent.series[name]
    const values = track ? valuesOf(track) : []
    return new Map((track?.t ?? []).map((time, place) => [time, values[place] ?? null] as const))
  })
  const times = [...new Set(tracks.flatMap((track) => [...track.keys()]))].filter((time) => time >= span.start && time <= span.end).sort((a, b) => a - b)
  const series = Object.fromEntries(names.map((name, place) => [name, { v: times.map((time) => tracks[place]?.get(time) ?? null) }]))
  return { device: recent.device, start: span.start, end: span.end, resolution_s: 0, t: times, series }
}
