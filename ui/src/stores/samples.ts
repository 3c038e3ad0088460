/**
 * Latest sample of every point, outside of Vue's reactivity: ten samples a second on fifty points must not re-render.
 *
 * Widgets paint from here (`kit/painter`); charts listen to the stream. Who wants points says so with `want` and gets
 * back the way to stop; the union of all wishes is one WebSocket subscription.
 */
import type { SampleTuple } from '@/api/socket'
import type { AlarmState, Device, Quality, Scalar } from '@/api/types'

export interface Sample {
  value: Scalar
  timestamp: number
  quality: Quality
  alarm: AlarmState
}

type Listener = (values: Record<string, SampleTuple>) => void

const latest = new Map<string, Sample>()
/** Values of a moment that is played back; null while the page shows what is now. */
let recorded: Map<string, Sample> | null = null
const wishes = new Map<string, number>()
const listeners = new Set<Listener>()
const dirty = new Set<string>()
let announce: (points: string[]) => void = () => undefined
let announceQueued = false

/** What a page shows of a point: the newest sample, or that of the moment which is played back. */
export function sampleOf(point: string): Sample | undefined {
  return (recorded ?? latest).get(point)
}

/** Shows these values in place of the newest ones, until it is called with null. */
export function showRecorded(values: Map<string, Sample> | null): void {
  for (const point of [...(recorded?.keys() ?? []), ...(values ?? latest).keys()]) dirty.add(point)
  recorded = values
}

/** Points changed since the last call; used by the painter, once per painted frame. */
export function takeDirty(): Set<string> {
  const taken = new Set(dirty)
  dirty.clear()
  return taken
}

export function hasDirty(): boolean {
  return dirty.size > 0
}

export function receiveSamples(values: Record<string, SampleTuple>): void {
  for (const [point, [value, timestamp, quality, alarm]] of Object.entries(values)) {
    latest.set(point, { value, timestamp, quality, alarm })
    dirty.add(point)
  }
  for (const listener of listeners) listener(values)
}

/** Fills in the values of a manifest, unless a newer sample is there. */
export function seedSamples(devices: Device[]): void {
  for (const device of devices) {
    for (const [entity, value] of Object.entries(device.values ?? {})) {
      const point = `${device.id}.${entity}`
      if ((latest.get(point)?.timestamp ?? 0) > value.timestamp) continue
      const { timestamp, quality, alarm_state: alarm } = value
      latest.set(point, { value: value.value, timestamp, quality, alarm })
      dirty.add(point)
    }
  }
}

export function forgetSamples(): void {
  latest.clear()
  recorded = null
  dirty.clear()
}

export function onSamples(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Tells who carries the wishes to the server. */
export function onWishes(callback: (points: string[]) => void): void {
  announce = callback
  callback([...wishes.keys()])
}

function queueAnnounce(): void {
  if (announceQueued) return
  announceQueued = true
  queueMicrotask(() => {
    announceQueued = false
    announce([...wishes.keys()].sort())
  })
}

function change(point: string, by: 1 | -1): void {
  const count = (wishes.get(point) ?? 0) + by
  if (count > 0) wishes.set(point, count)
  else wishes.delete(point)
}

/** Asks for the points until the returned function is called. */
export function want(points: string[]): () => void {
  const mine = [...points]
  for (const point of mine) change(point, 1)
  queueAnnounce()
  return () => {
    for (const point of mine.splice(0)) change(point, -1)
    queueAnnounce()
  }
}
