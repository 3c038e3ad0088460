/** Values out of frames that were read ahead; pure functions. */
import type { Frames } from '@/api/playback'
import type { AlarmState, Scalar } from '@/api/types'
import type { Sample } from '@/stores/samples'

/** Older than this a value was not that of the bench any more. */
const STALE_S = 60
export const FPS = 10
export const SPEEDS = [1, 10, 60, 100, 600, 1000] as const

/** Place of a time in the frames; -1 when they do not reach there. */
export function frameAt(frames: Frames | null, at: number): number {
  if (!frames) return -1
  const place = Math.floor((at - frames.start) / frames.step + 1e-6)
  return place >= 0 && place < frames.count ? place : -1
}

export function sampleOf(value: Scalar, time: number, at: number, alarm: AlarmState): Sample {
  return { value, timestamp: time, quality: value === null ? 'bad' : at - time > STALE_S ? 'stale' : 'good', alarm }
}

/** All points as they stood at a frame; `words`: alarm states of points that had one. */
export function valuesAt(frames: Frames, place: number, words: ReadonlyMap<string, AlarmState>): Map<string, Sample> {
  const at = frames.start + place * frames.step
  const values = new Map<string, Sample>()
  for (const { device, entities, rows, frames: numbers } of frames.devices) {
    const row = rows[numbers[place] ?? -1]
    if (!row) continue
    const time = row[0]
    entities.forEach((entity, nth) => {
      const point = `${device}.${entity}`
      values.set(point, sampleOf(row[nth + 2] ?? null, time, at, words.get(point) ?? 'NORMAL'))
    })
  }
  return values
}

/** The next time after (or before) `at`, with a little room so that a press moves on. */
export function neighbour(times: readonly number[], at: number, direction: 1 | -1): number | null {
  const room = 0.05
  const found = direction > 0 ? times.filter((time) => time > at + room) : times.filter((time) => time < at - room)
  if (!found.length) return null
  return direction > 0 ? Math.min(...found) : Math.max(...found)
}

/** A thumbnail as an SVG path in a box of 1000 by 100; nulls break the line. */
export function thumbnail(t: readonly number[], v: readonly (number | null)[], [from, to]: [number, number]): string {
  const numbers = v.filter((value): value is number => value !== null)
  if (!numbers.length || to <= from) return ''
  const low = Math.min(...numbers)
  const high = Math.max(...numbers)
  const height = high - low || 1
  let pen = 'M'
  return t.map((time, place) => {
    const value = v[place]
    if (value === null || value === undefined) {
      pen = 'M'
      return ''
    }
    const point = `${pen}${(((time - from) / (to - from)) * 1000).toFixed(1)} ${(94 - ((value - low) / height) * 88).toFixed(1)}`
    pen = 'L'
    return point
  }).join('')
}
