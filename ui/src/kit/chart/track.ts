/** Columns of one curve, times ascending: joining, thinning and telling where data are missing. Pure functions. */

export interface Track {
  t: number[]
  v: (number | null)[]
}

export const emptyTrack = (): Track => ({ t: [], v: [] })

/** Place of the first time that is not before `at`. */
export function placeOf(times: readonly number[], at: number, from = 0): number {
  let low = from
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) < at) low = middle + 1
    else high = middle
  }
  return low
}

/** The part between two times, with one sample more on both sides so that the line reaches the edges. */
export function cut(track: Track, from: number, to: number): Track {
  const first = Math.max(0, placeOf(track.t, from) - 1)
  const last = Math.min(track.t.length, placeOf(track.t, to) + 1)
  return { t: track.t.slice(first, last), v: track.v.slice(first, last) }
}

const timeAt = (track: Track, place: number): number => track.t[place] ?? Infinity
const valueAt = (track: Track, place: number): number | null => track.v[place] ?? null

/** Both in order of time; where a time is in both, the second one holds. */
export function merge(older: Track, newer: Track): Track {
  if (timeAt(older, older.t.length - 1) < timeAt(newer, 0)) return { t: [...older.t, ...newer.t], v: [...older.v, ...newer.v] }
  const merged = emptyTrack()
  let [a, b] = [0, 0]
  while (a < older.t.length || b < newer.t.length) {
    const [ta, tb] = [timeAt(older, a), timeAt(newer, b)]
    merged.t.push(Math.min(ta, tb))
    merged.v.push(ta < tb ? valueAt(older, a) : valueAt(newer, b))
    if (ta <= tb) a += 1
    if (tb <= ta) b += 1
  }
  return merged
}

/** Places of the least and the greatest value, and whether there is a hole among them. */
function extremes(track: Track, from: number, to: number): { low: number; high: number; hole: boolean } {
  let [low, high] = [from, from]
  let hole = false
  for (let place = from; place < to; place += 1) {
    const value = valueAt(track, place)
    if (value === null) hole = true
    else if (valueAt(track, low) === null) low = high = place
    else if (value < (track.v[low] as number)) low = place
    else if (value > (track.v[high] as number)) high = place
  }
  return { low, high, hole }
}

/** Two samples for each bucket, its extremes in their order, so that no peak is lost; the buckets stand still. */
export function thin(track: Track, width: number): Track {
  if (!(width > 0) || track.t.length < 3) return track
  const thinned = emptyTrack()
  let from = 0
  while (from < track.t.length) {
    const to = placeOf(track.t, (Math.floor(timeAt(track, from) / width) + 1) * width, from + 1)
    const { low, high, hole } = extremes(track, from, to)
    push(thinned, track, Math.min(low, high))
    push(thinned, track, Math.max(low, high))
    if (hole && valueAt(track, low) !== null) {
      thinned.t.push(Math.max(timeAt(track, to - 1), timeAt(thinned, thinned.t.length - 1) + 1e-6))
      thinned.v.push(null)
    }
    from = to
  }
  return thinned
}

function push(into: Track, track: Track, place: number): void {
  const time = timeAt(track, place)
  if (into.t.length && time <= timeAt(into, into.t.length - 1)) return
  into.t.push(time)
  into.v.push(valueAt(track, place))
}

const GAP_TIMES = 5
const LEAST_GAP_S = 2

/** Puts a hole where samples are missing: a pause much longer than the ones around it. The pace itself may change. */
export function withGaps(track: Track): Track {
  const out = emptyTrack()
  const pause = (place: number) => (place < 1 || place >= track.t.length ? 0 : timeAt(track, place) - timeAt(track, place - 1))
  for (let place = 0; place < track.t.length; place += 1) {
    const now = pause(place)
    if (place > 1 && now > LEAST_GAP_S && now > GAP_TIMES * Math.max(pause(place - 1), pause(place + 1))) {
      out.t.push(timeAt(track, place) - now / 2)
      out.v.push(null)
    }
    push(out, track, place)
  }
  return out
}

/** One column of times with a column for each track; where a track has no sample stands `undefined`: that is no hole. */
export function joined(tracks: Track[]): [number[], ...(number | null | undefined)[][]] {
  const cursors = tracks.map((track) => ({ track, place: 0, column: [] as (number | null | undefined)[] }))
  const times: number[] = []
  for (;;) {
    let next = Infinity
    for (const { track, place } of cursors) next = Math.min(next, timeAt(track, place))
    if (next === Infinity) return [times, ...cursors.map(({ column }) => column)]
    times.push(next)
    for (const one of cursors) {
      const mine = timeAt(one.track, one.place) === next
      one.column.push(mine ? valueAt(one.track, one.place) : undefined)
      if (mine) one.place += 1
    }
  }
}
