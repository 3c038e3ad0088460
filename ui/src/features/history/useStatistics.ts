/** Figures of a span for each drawn curve; asked when the span has come to rest, an older question is given up. */
import { onBeforeUnmount, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { recordingsApi, type Figures } from '@/api/recordings'
import type { Session } from '@/api/types'
import type { Span } from './chart/gestures'

const WAIT_MS = 350
/** Charge and energy read every sample: beyond so many they come when a person zooms in. */
export const MOST_ROWS = 1_000_000

export interface Asked {
  session: Session
  zero: number
  device: string
  entities: string[]
  /** Samples of the whole recording, and its length in seconds. */
  rows: number
  seconds: number
}

export interface Row {
  session: Session
  device: string
  entity: string
  figures: Figures
  /** Seconds between the first and the last sample. */
  length: number
}

export function useStatistics(asked: Ref<Asked[]>, span: Ref<Span | null>): { rows: ShallowRef<Row[]>; busy: Ref<boolean>; failed: Ref<boolean> } {
  const rows = shallowRef<Row[]>([])
  const busy = ref(false)
  const failed = ref(false)
  let timer = 0
  let wish: AbortController | null = null

  async function one({ session, zero, device, entities, rows: held, seconds }: Asked, signal: AbortSignal): Promise<Row[]> {
    const times = span.value ? { start: Math.max(0, span.value[0] + zero), end: span.value[1] + zero } : {}
    const share = span.value ? Math.min(1, (span.value[1] - span.value[0]) / Math.max(1, seconds)) : 1
    const charge = held * share > MOST_ROWS ? { charge: 'false' } : {}
    const found = (await recordingsApi.statistics(device, entities, { session_id: session.id, ...times, ...charge }, signal)).items[0]
    if (!found) return []
    return entities.flatMap((entity) => {
      const figures = found.entities[entity]
      return figures ? [{ session, device, entity, figures, length: found.end - found.start }] : []
    })
  }

  async function load(): Promise<void> {
    wish?.abort()
    const mine = new AbortController()
    wish = mine
    busy.value = true
    try {
      const parts = await Promise.all(asked.value.map((item) => one(item, mine.signal)))
      if (wish !== mine) return
      rows.value = parts.flat()
      failed.value = false
    } catch {
      if (wish === mine) failed.value = true
    } finally {
      if (wish === mine) busy.value = false
    }
  }

  const key = () => `${span.value?.join() ?? ''}|${asked.value.map((item) => `${item.session.id} ${item.zero} ${item.device} ${item.entities.join()}`).join(';')}`
  watch(key, () => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void load(), WAIT_MS)
  }, { immediate: true })
  onBeforeUnmount(() => {
    window.clearTimeout(timer)
    wish?.abort()
  })
  return { rows, busy, failed }
}
