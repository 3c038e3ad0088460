/**
 * Loads curves of several recordings and keeps them fitting to what is shown: the overview of each at once, finer parts
 * when a person zooms in. What is there stays until the finer part has come; an older question is given up.
 */
import uPlot from 'uplot'
import { computed, onBeforeUnmount, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import { curvesApi } from '@/api/curves'
import type { RecordedDevice } from '@/api/recordings'
import type { Session } from '@/api/types'
import { aligned, splice, tableOf, type Table } from './curves'
import type { Span } from './chart/gestures'
import type { HistoryPoint } from './points'

const OVERVIEW_POINTS = 1000
const DETAIL_POINTS = 1600
const MARGIN = 0.5
const WAIT_MS = 80
const AGAIN_MS = 4000

/** One device in one recording: a question to the server. */
interface Source {
  session: Session
  zero: number
  device: string
  entities: string[]
}

interface Loaded {
  overview: Table
  /** Seconds per bucket of the overview; 0: every sample is there. */
  resolution: number
  detail: Table | null
  /** What the detail covers, in the time of the recording. */
  span: Span | null
  fineness: number
}

export interface Curves {
  data: Ref<uPlot.AlignedData>
  loading: Ref<boolean>
  failed: Ref<unknown>
  /** Source and place of each column, in the order of the data. */
  order: ComputedRef<{ session: Session; device: string; entity: string }[]>
}

const keyOf = (source: Source) => `${source.session.id}/${source.device}/${source.entities.join()}`

export function useCurves(sessions: Ref<{ session: Session; zero: number; recorded: RecordedDevice[] }[]>, points: Ref<HistoryPoint[]>, view: Ref<Span | null>): Curves {
  const loaded = new Map<string, Loaded>()
  const data = shallowRef<uPlot.AlignedData>([[]])
  const loading = ref(false)
  const failed = shallowRef<unknown>(null)
  let wish: AbortController | null = null
  let timer = 0

  const sources = computed<Source[]>(() =>
    sessions.value.flatMap(({ session, zero, recorded }) => {
      const devices = [...new Set(points.value.map((point) => point.device))].filter((device) => recorded.some((item) => item.device === device))
      return devices.map((device) => ({ session, zero, device, entities: points.value.filter((point) => point.device === device && has(recorded, point)).map((point) => point.entity) }))
    }).filter((source) => source.entities.length),
  )
  const order = computed(() => sources.value.flatMap(({ session, device, entities }) => entities.map((entity) => ({ session, device, entity }))))

  /** One frame later, so that several answers at once are joined once. */
  let queued = 0
  function publish(): void {
    if (queued) return
    queued = requestAnimationFrame(() => {
      queued = 0
      const tables = sources.value.map((source) => {
        const found = loaded.get(keyOf(source))
        const empty: Table = { t: [], columns: source.entities.map(() => []) }
        return { table: found ? splice(found.overview, found.detail, found.span) : empty, zero: source.zero }
      })
      data.value = aligned(tables, (joined) => uPlot.join(joined))
    })
  }

  async function loadOverview(source: Source, signal: AbortSignal): Promise<void> {
    const history = await curvesApi.history(source.device, source.entities, { session_id: source.session.id, points: OVERVIEW_POINTS }, signal)
    const before = loaded.get(keyOf(source))
    loaded.set(keyOf(source), { detail: null, span: null, fineness: 0, ...before, overview: tableOf(history, source.entities), resolution: history.resolution_s })
    publish()
  }

  /** Finer than what is there, with room at both sides for a pan. */
  async function loadDetail(source: Source, shown: Span, signal: AbortSignal): Promise<void> {
    const found = loaded.get(keyOf(source))
    if (!found?.resolution) return
    const room = (shown[1] - shown[0]) * MARGIN
    const span: Span = [shown[0] + source.zero - room, shown[1] + source.zero + room]
    const needed = (shown[1] - shown[0]) / (DETAIL_POINTS / 4)
    const covered = found.span && found.span[0] <= shown[0] + source.zero && found.span[1] >= shown[1] + source.zero
    if (found.resolution <= needed || (covered && found.fineness <= needed)) return
    const history = await curvesApi.history(source.device, source.entities, { session_id: source.session.id, start: Math.max(0, span[0]), end: span[1], points: DETAIL_POINTS }, signal)
    Object.assign(found, { detail: tableOf(history, source.entities), span, fineness: history.resolution_s })
    publish()
  }

  async function ask(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    wish?.abort()
    const mine = new AbortController()
    wish = mine
    loading.value = true
    try {
      await work(mine.signal)
      if (wish === mine) failed.value = null
    } catch (problem) {
      if (wish === mine && !mine.signal.aborted) failed.value = problem
    } finally {
      if (wish === mine) loading.value = false
    }
  }

  async function refresh(again = false): Promise<void> {
    await ask(async (signal) => {
      const missing = sources.value.filter((source) => !loaded.has(keyOf(source)) || (again && source.session.status === 'running'))
      await Promise.all(missing.map((source) => loadOverview(source, signal)))
      const shown = view.value
      if (shown) await Promise.all(sources.value.map((source) => loadDetail(source, shown, signal)))
    })
  }

  watch(sources, () => {
    publish()
    void refresh()
  }, { immediate: true })
  watch(view, () => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void refresh(), WAIT_MS)
  })
  const live = window.setInterval(() => {
    if (!document.hidden && !loading.value && !view.value && sources.value.some((source) => source.session.status === 'running')) void refresh(true)
  }, AGAIN_MS)
  onBeforeUnmount(() => {
    window.clearInterval(live)
    window.clearTimeout(timer)
    cancelAnimationFrame(queued)
    wish?.abort()
  })
  return { data, loading, failed, order }
}

const has = (recorded: RecordedDevice[], point: HistoryPoint) => recorded.some((item) => item.device === point.device && item.entities.some((entity) => entity.id === point.entity))
