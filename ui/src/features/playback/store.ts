/**
 * Playing back a recording: moves the moment the whole page shows, and feeds values, alarms and runs of that time.
 *
 * Values come from frames that are read ahead; what stands beside them (alarms, runs, rules that fired) once a second.
 * Nothing of the live bench is lost meanwhile: it only is not shown. An "All off" leads back to it.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import { playbackApi, type Firing, type Frames, type PastMoment } from '@/api/playback'
import type { AlarmState, Session } from '@/api/types'
import { useAlarms } from '@/stores/alarms'
import { useBench } from '@/stores/bench'
import { serverNow } from '@/stores/clock'
import { moment } from '@/stores/moment'
import { useRuns } from '@/stores/runs'
import { showRecorded } from '@/stores/samples'
import { useToasts } from '@/stores/toasts'
import { FPS, frameAt, sampleOf, SPEEDS, valuesAt } from './frames'

const CHUNK = 80
const AHEAD = 40
const SEEK_MS = 90
const AROUND_MS = 1000

export const usePlayback = defineStore('playback', () => {
  const bench = useBench()
  const session = shallowRef<Session | null>(null)
  const playing = ref(false)
  const speed = ref<number>(SPEEDS[2])
  const waiting = ref(false)
  const firings = shallowRef<Firing[]>([])
  const at = computed(() => moment.value ?? 0)
  const bounds = computed<[number, number]>(() => [session.value?.created ?? 0, session.value?.stopped ?? serverNow()])

  let chunks: Frames[] = []
  let reading: AbortController | null = null
  let looking: AbortController | null = null
  let lookTimer = 0
  let ticker = 0
  let last = 0
  let lookedAt = 0
  let words = new Map<string, AlarmState>()

  function open(recording: Session, from = recording.created): void {
    session.value = recording
    firings.value = []
    seek(from)
    window.clearInterval(ticker)
    ticker = window.setInterval(tick, 1000 / FPS)
  }

  function close(): void {
    window.clearInterval(ticker)
    window.clearTimeout(lookTimer)
    reading?.abort()
    looking?.abort()
    forget()
    playing.value = false
    session.value = null
    moment.value = null
    showRecorded(null)
    useAlarms().past = null
    useRuns().past = null
  }

  function forget(): void {
    reading?.abort()
    reading = null
    chunks = []
    waiting.value = false
  }

  const clamp = (time: number) => Math.min(bounds.value[1], Math.max(bounds.value[0], time))

  /** Shows another time; values that are not at hand come a moment later. */
  function seek(time: number): void {
    moment.value = clamp(time)
    if (!paint()) {
      forget()
      look(SEEK_MS)
    } else look(AROUND_MS / 4)
  }

  function paint(): boolean {
    const found = chunks.find((frames) => frameAt(frames, at.value) >= 0)
    if (!found) return false
    showRecorded(valuesAt(found, frameAt(found, at.value), words))
    return true
  }

  function look(soonMs: number): void {
    window.clearTimeout(lookTimer)
    lookTimer = window.setTimeout(() => void around(), soonMs)
  }

  /** What stood beside the values; the last question counts. */
  async function around(): Promise<void> {
    looking?.abort()
    const mine = new AbortController()
    looking = mine
    lookedAt = performance.now()
    try {
      const then = await playbackApi.moment(at.value, mine.signal)
      if (looking === mine && session.value) adopt(then)
    } catch (problem) {
      if (looking === mine && !mine.signal.aborted) useToasts().error(problem)
    }
  }

  function adopt(then: PastMoment): void {
    useAlarms().past = then.alarms
    useRuns().past = then.runs
    firings.value = then.firings.filter((firing) => firing.timestamp >= bounds.value[0])
    words = new Map(then.alarms.filter((alarm) => alarm.entity_id).map((alarm) => [`${alarm.device_id}.${alarm.entity_id}`, (alarm.new_state || 'NORMAL') as AlarmState]))
    if (paint()) return
    showRecorded(new Map(Object.entries(then.values).map(([point, [value, time, , alarm]]) => [point, sampleOf(value, time, then.at, alarm)])))
  }

  function tick(): void {
    const now = performance.now()
    const passed = (now - last) / 1000
    last = now
    if (!playing.value || !session.value) return
    readAhead()
    const next = clamp(at.value + Math.min(passed, 0.5) * speed.value)
    waiting.value = !chunks.some((frames) => frameAt(frames, next) >= 0)
    if (waiting.value) return
    moment.value = next
    paint()
    if (now - lookedAt >= AROUND_MS) void around()
    if (next >= bounds.value[1] && session.value.status !== 'running') playing.value = false
  }

  /** Keeps some seconds of the player's time at hand, one question at a time. */
  function readAhead(): void {
    const current = session.value
    if (reading || !current) return
    const step = speed.value / FPS
    const newest = chunks.at(-1)
    const reach = newest ? newest.start + newest.count * newest.step : at.value
    if (newest && reach - at.value > AHEAD * step) return
    const mine = new AbortController()
    reading = mine
    playbackApi.frames(current.id, reach, step, CHUNK, mine.signal).then((frames) => {
      if (reading !== mine) return
      reading = null
      chunks = [...chunks.slice(-1), frames]
    }, (problem: unknown) => {
      if (reading !== mine || mine.signal.aborted) return
      reading = null
      playing.value = false
      useToasts().error(problem)
    })
  }

  function toggle(): void {
    if (!playing.value && at.value >= bounds.value[1]) seek(bounds.value[0])
    last = performance.now()
    playing.value = !playing.value
  }

  watch(speed, forget)
  watch(() => bench.latch, (latch) => latch.pressed && session.value && close())
  watch(() => bench.project?.id, () => session.value && close())
  return { session, playing, speed, waiting, firings, at, bounds, open, close, seek, toggle }
})
