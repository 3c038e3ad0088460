/** Buffers of chart points that join history and live samples without a seam. */
import type { SampleTuple } from '@/api/socket'
import type { History } from '@/api/types'
import { valuesOf } from '@/kit/seriesValues'

export interface Track {
  t: number[]
  v: (number | null)[]
}

const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : typeof value === 'boolean' ? Number(value) : null

export class SeriesBuffer {
  private readonly tracks = new Map<string, Track>()

  constructor(readonly points: string[]) {
    for (const point of points) this.tracks.set(point, { t: [], v: [] })
  }

  track(point: string): Track {
    return this.tracks.get(point) ?? { t: [], v: [] }
  }

  /** Puts history before what is there; where they overlap the later samples win. Live memory has stamps for each entity. */
  prepend(history: History): void {
    for (const [entity, data] of Object.entries(history.series)) {
      const track = this.tracks.get(`${history.device}.${entity}`)
      if (!track) continue
      const times = data.t ?? history.t ?? []
      const values = valuesOf(data)
      const first = track.t[0] ?? Infinity
      const count = times.findIndex((t) => t >= first)
      const until = count < 0 ? times.length : count
      track.t = [...times.slice(0, until), ...track.t]
      track.v = [...values.slice(0, until).map(numberOf), ...track.v]
    }
  }

  /** Appends live samples; returns true when one of our points was among them. Older ones are dropped. */
  append(values: Record<string, SampleTuple>): boolean {
    let taken = false
    for (const point of this.points) {
      const sample = values[point]
      const track = this.tracks.get(point)
      if (!sample || !track || sample[1] <= (track.t.at(-1) ?? -Infinity)) continue
      track.t.push(sample[1])
      track.v.push(numberOf(sample[0]))
      taken = true
    }
    return taken
  }

  /** Forgets what is older than `oldest`, keeping one point so that the line reaches the edge. */
  trim(oldest: number): void {
    for (const track of this.tracks.values()) {
      const from = track.t.findIndex((t) => t >= oldest)
      if (from > 200) {
        track.t.splice(0, from - 1)
        track.v.splice(0, from - 1)
      }
    }
  }
}
