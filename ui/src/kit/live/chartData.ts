/**
 * What a chart knows of its points: recorded history at the resolution that fits the view, then the server's memory,
 * then what came live. Drawing never waits: what is there is drawn, what is missing is asked for and appears later.
 */
import type { SampleTuple } from '@/api/socket'
import type { History, Scalar, SeriesData } from '@/api/types'
import { cut, emptyTrack, joined, merge, placeOf, thin, withGaps, type Track } from '@/kit/chart/track'

export type Range = [from: number, to: number]

export interface ChartSource {
  /** Device and entity of a point. */
  parts: (point: string) => [device: string, entity: string]
  recent: (device: string, entities: string[], signal: AbortSignal) => Promise<History>
  /** Null when nothing was ever recorded of the device. */
  history: (device: string, entities: string[], range: Range, points: number, signal: AbortSignal) => Promise<History | null>
}

interface Archive {
  range: Range
  /** Seconds per bucket; 0: every sample. */
  width: number
  tracks: Map<string, Track>
}

/** Raw samples kept for each point; older ones go to `coarse`. */
const RAW_MOST = 20_000
const COARSE_MOST = 4000
/** A finer answer is asked for when it would show so much more. */
const FINER = 1.6
const RETRY_MS = 5000
/** Where only the newest end is missing, history is not asked more often. */
const TAIL_MS = 2000

export function numberOf(value: Scalar | undefined): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  return typeof value === 'boolean' ? Number(value) : null
}

/** Both extremes of each bucket: a curve of means would lose the peaks. */
export function trackOf(data: SeriesData, times: number[], width: number): Track {
  const { v, min, max, avg } = data
  if (v || !min || !max) return { t: data.t ?? times, v: (v ?? avg ?? []).map((value) => numberOf(value)) }
  const track = emptyTrack()
  times.forEach((time, place) => {
    const ends = [min[place] ?? null, max[place] ?? null]
    const falling = avg !== undefined && Number(avg[Math.min(place + 1, avg.length - 1)]) < Number(avg[Math.max(0, place - 1)])
    track.t.push(time - width / 4, time + width / 4)
    track.v.push(...(falling ? ends.reverse() : ends))
  })
  return track
}

export class ChartData {
  private readonly raw = new Map<string, Track>()
  private readonly coarse = new Map<string, Track>()
  private archive: Archive = { range: [0, 0], width: Infinity, tracks: new Map() }
  /** From here on every point has raw samples. */
  private rawFrom = Infinity
  private loading: Range | null = null
  private loadedAt = -Infinity
  private failedAt = -Infinity
  private readonly leave = new AbortController()
  /** Message of the last request that failed; empty when it worked. */
  problem = ''

  constructor(
    readonly points: readonly string[],
    private readonly source: ChartSource,
    private readonly changed: () => void,
  ) {
    for (const point of points) this.raw.set(point, emptyTrack())
  }

  get busy(): boolean {
    return this.loading !== null
  }

  /** What was asked for is given up; answers that come later are dropped. */
  end(): void {
    this.leave.abort()
  }

  private get ended(): boolean {
    return this.leave.signal.aborted
  }

  private byDevice(): Map<string, Map<string, string>> {
    const groups = new Map<string, Map<string, string>>()
    for (const point of this.points) {
      const [device, entity] = this.source.parts(point)
      groups.set(device, (groups.get(device) ?? new Map<string, string>()).set(entity, point))
    }
    return groups
  }

  /** Takes over the server's memory: at the start, and again after the link was away. */
  async remember(): Promise<void> {
    const reads = [...this.byDevice()].map(async ([device, entities]) => {
      const answer = await this.source.recent(device, [...entities.keys()], this.leave.signal)
      for (const [entity, data] of Object.entries(answer.series)) {
        const point = entities.get(entity)
        if (point) this.take(point, trackOf(data, answer.t ?? [], 0))
      }
    })
    await Promise.allSettled(reads)
    if (this.ended) return
    const firsts = [...this.raw.values()].map((track) => track.t[0] ?? -Infinity).filter(Number.isFinite)
    this.rawFrom = firsts.length ? Math.max(...firsts) : Infinity
    this.changed()
  }

  /** What was missed while the link was away longer than the server remembers is history's to fill. */
  private take(point: string, memory: Track): void {
    const track = this.raw.get(point) ?? emptyTrack()
    const missed = (memory.t[0] ?? 0) > (track.t.at(-1) ?? Infinity)
    if (missed) this.setAside(point, track)
    this.raw.set(point, missed ? memory : merge(memory, track))
  }

  /** Appends live samples; true when one of ours was among them. Older ones are dropped. */
  append(values: Record<string, SampleTuple>): boolean {
    let taken = false
    for (const point of this.points) {
      const sample = values[point]
      const track = this.raw.get(point)
      if (!sample || !track || sample[1] <= (track.t.at(-1) ?? -Infinity)) continue
      track.t.push(sample[1])
      track.v.push(numberOf(sample[0]))
      taken = true
      if (this.rawFrom === Infinity) this.rawFrom = sample[1]
      if (track.t.length > RAW_MOST) this.shorten(point, track)
    }
    return taken
  }

  private shorten(point: string, track: Track): void {
    const half = RAW_MOST / 2
    this.setAside(point, { t: track.t.slice(0, half), v: track.v.slice(0, half) })
    this.raw.set(point, { t: track.t.slice(half), v: track.v.slice(half) })
    this.rawFrom = Math.max(this.rawFrom, track.t[half] ?? 0)
  }

  private setAside(point: string, old: Track): void {
    let kept = merge(this.coarse.get(point) ?? emptyTrack(), withGaps(old))
    while (kept.t.length > COARSE_MOST) kept = thin(kept, (4 * ((kept.t.at(-1) ?? 0) - (kept.t[0] ?? 0))) / COARSE_MOST)
    this.coarse.set(point, kept)
  }

  /**
   * What only history knows of a range; null when nothing is missing. A running view is content with the live samples;
   * where a person looks closely, history has those that were too quick for the page.
   */
  private missing([from, to]: Range, running: boolean): Range | null {
    const end = running ? Math.min(to, this.rawFrom) : to
    return from < end ? [from, end] : null
  }

  private suffices(need: Range, width: number, ms: number): boolean {
    const { range, width: have } = this.archive
    if (range[0] > need[0] || range[1] < need[0] || have > width * FINER) return false
    return range[1] >= need[1] || ms - this.loadedAt < TAIL_MS
  }

  /** Asks for what a view lacks; the answer is drawn when it is there. `now` is the server's, `ms` this machine's. */
  async ensure(view: Range, pixels: number, now: number, running: boolean, ms = performance.now()): Promise<void> {
    const need = this.missing([view[0], Math.min(view[1], now)], running)
    const width = (view[1] - view[0]) / Math.max(pixels, 100)
    if (!need || this.loading || this.ended || this.suffices(need, width, ms) || ms - this.failedAt < RETRY_MS) return
    const room = (view[1] - view[0]) / 2
    const range: Range = [need[0] - room, Math.min(need[1] + room, now)]
    this.loading = range
    this.changed()
    try {
      const points = Math.min(8000, Math.ceil(((range[1] - range[0]) / (view[1] - view[0])) * Math.max(pixels, 100)))
      const archive = await this.load(range, points)
      this.loadedAt = ms
      if (!this.ended) this.archive = archive
      this.problem = ''
    } catch (error) {
      this.failedAt = ms
      this.problem = error instanceof Error ? error.message : String(error)
    } finally {
      this.loading = null
      if (!this.ended) this.changed()
    }
  }

  private async load(range: Range, points: number): Promise<Archive> {
    const archive: Archive = { range, width: 0, tracks: new Map() }
    const reads = [...this.byDevice()].map(async ([device, entities]) => {
      const answer = await this.source.history(device, [...entities.keys()], range, points, this.leave.signal)
      if (!answer) return
      archive.width = Math.max(archive.width, answer.resolution_s)
      for (const [entity, data] of Object.entries(answer.series)) {
        const point = entities.get(entity)
        if (point) archive.tracks.set(point, withGaps(trackOf(data, answer.t, answer.resolution_s)))
      }
    })
    await Promise.all(reads)
    return archive
  }

  /** One point from all sources: live samples win over history, and history over what is only left coarsely. */
  track(point: string, [from, to]: Range): Track {
    const raw = cut(this.raw.get(point) ?? emptyTrack(), from, to)
    const first = this.raw.get(point)?.t[0] ?? Infinity
    const every = this.archive.width === 0
    const found = cut(this.archive.tracks.get(point) ?? emptyTrack(), from, to)
    const recorded = every ? found : upTo(found, first)
    const old = upTo(cut(this.coarse.get(point) ?? emptyTrack(), from, to), first)
    const [begin, end] = [recorded.t[0] ?? Infinity, recorded.t.at(-1) ?? -Infinity]
    const past = merge(merge(upTo(old, begin), recorded), after(old, Math.max(begin, end)))
    return withGaps(merge(past, raw))
  }

  /** The table to draw: everything between the edges, at most two samples of each point for each pixel. */
  table(range: Range, pixels: number): ReturnType<typeof joined> {
    const width = (range[1] - range[0]) / Math.max(pixels, 100)
    return joined(this.points.map((point) => {
      const track = this.track(point, range)
      return track.t.length > 3 * pixels ? thin(track, width) : track
    }))
  }
}

function upTo(track: Track, end: number): Track {
  const place = placeOf(track.t, end)
  return place === track.t.length ? track : { t: track.t.slice(0, place), v: track.v.slice(0, place) }
}

function after(track: Track, begin: number): Track {
  const place = placeOf(track.t, begin + 1e-6)
  return { t: track.t.slice(place), v: track.v.slice(place) }
}
