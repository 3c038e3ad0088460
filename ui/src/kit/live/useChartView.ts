/** What a chart of live points shows: a window that runs on the right, or the stretch a person chose. */
import { onBeforeUnmount, onMounted, ref, shallowRef, watch, type Ref } from 'vue'
import { ApiError } from '@/api/client'
import { curvesApi } from '@/api/curves'
import type { Span } from '@/kit/chart/navigate'
import type { joined } from '@/kit/chart/track'
import { paintWith } from '@/kit/painter'
import { useBench } from '@/stores/bench'
import { serverNow } from '@/stores/clock'
import { isLive, shownNow } from '@/stores/moment'
import { onSamples, want } from '@/stores/samples'
import { ChartData, type ChartSource } from './chartData'
import { partsOf } from './lookup'

const LEAST_S = 0.05
const MOST_S = 20 * 366 * 86_400

const source: ChartSource = {
  parts: partsOf,
  recent: (device, entities, signal) => curvesApi.recent(device, entities, signal),
  history: async (device, entities, [start, end], points, signal) => {
    try {
      return await curvesApi.history(device, entities, { start: Math.max(0, start), end, points }, signal)
    } catch (problem) {
      if (problem instanceof ApiError && problem.status === 404) return null
      throw problem
    }
  },
}

export interface ChartView {
  /** The stretch a person chose; null: the window runs. */
  fixed: Ref<Span | null>
  busy: Ref<boolean>
  problem: Ref<string>
  /** There is nothing to draw in this stretch. */
  empty: Ref<boolean>
  range: () => Span
  /** Shows this stretch; null runs again. */
  show: (span: Span | null) => void
}

export interface ChartViewOptions {
  points: () => string[]
  /** Seconds of the running window. */
  span: () => number
  element: () => HTMLElement | null
  pixels: () => number
  paint: (table: ReturnType<typeof joined>, range: Span) => void
}

export function useChartView({ points, span, element, pixels, paint }: ChartViewOptions): ChartView {
  const bench = useBench()
  const fixed = ref<Span | null>(null)
  const [busy, problem, empty] = [ref(false), ref(''), ref(false)]
  const data = shallowRef(new ChartData([], source, () => undefined))
  let leave: (() => void)[] = []
  let forced = true
  let fresh = false
  let drawn: Span = [0, 0]

  const range = (): Span => fixed.value ?? [shownNow() - span(), shownNow()]

  /** A window that has not moved by a pixel looks as before, and so does a past one whatever comes in. */
  function isDue(next: Span, width: number): boolean {
    const pixel = (next[1] - next[0]) / width
    const moved = Math.max(Math.abs(next[0] - drawn[0]), Math.abs(next[1] - drawn[1])) >= pixel
    return forced || moved || (fresh && fixed.value !== null && next[1] >= serverNow() - pixel)
  }

  function tick(): void {
    const next = range()
    const width = Math.max(100, pixels())
    void data.value.ensure(next, width, serverNow(), fixed.value === null && isLive.value)
    if (!isDue(next, width)) return
    forced = fresh = false
    drawn = next
    const table = data.value.table(next, width)
    empty.value = !table[0].some((t) => t >= next[0] && t <= next[1])
    paint(table, next)
  }

  function again(): void {
    busy.value = data.value.busy
    problem.value = data.value.problem
    forced = true
    if (leave.length) tick()
  }

  function restart(): void {
    stop()
    const host = element()
    const mine = new ChartData(points(), source, () => { if (mine === data.value) again() })
    data.value = mine
    if (!host) return
    forced = true
    leave = [
      want([...mine.points]),
      onSamples((values) => { if (mine.append(values)) fresh = true }),
      paintWith(host, [...mine.points], tick),
    ]
    void mine.remember()
  }

  function stop(): void {
    data.value.end()
    leave.splice(0).forEach((one) => one())
  }

  function show(next: Span | null): void {
    const width = next ? next[1] - next[0] : 0
    if (next && (width < LEAST_S || width > MOST_S)) return
    const ahead = next ? Math.max(0, next[1] - shownNow()) : 0 // there is nothing to see in the future
    fixed.value = next && [next[0] - ahead, next[1] - ahead]
    again()
  }

  onMounted(restart)
  watch(() => points().join(), restart)
  watch([span, isLive], again)
  watch(() => bench.link, (link) => { if (link === 'online') void data.value.remember() })
  onBeforeUnmount(stop)
  return { fixed, busy, problem, empty, range, show }
}
