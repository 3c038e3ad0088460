/** The state of the history page: which recordings, which points, how they are aligned, what is shown of them. */
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import type { Session } from '@/api/types'
import { useDevices } from '@/stores/devices'
import { serverNow } from '@/stores/clock'
import { AT_START, zeroOf, type Alignment } from './align'
import type { Span } from './chart/gestures'
import { t } from './messages'
import { firstPoints, MOST_POINTS, pointKey, pointsOf, type HistoryPoint } from './points'
import { useCurves } from './useCurves'
import { useStatistics, type Asked } from './useStatistics'
import { useStories } from './useStories'
import { endOf } from './story'
import type { Place } from './recorded'

const QUANTITIES: Record<string, 'voltage' | 'current' | 'power' | 'temp' | 'charge'> = { voltage: 'voltage', current: 'current', power: 'power', temp: 'temp', ah: 'charge' }
const quantityName = (id: string) => (QUANTITIES[id] ? t(QUANTITIES[id]) : id)

export function useHistory(sessions: ComputedRef<Session[]>, project: string, place: Place | null) {
  const devices = useDevices()
  const { stories, ready, reload } = useStories(sessions)
  const alignment = ref<Alignment>(AT_START)
  const isCompared = computed(() => sessions.value.length > 1)
  const view = shallowRef<Span | null>(place?.span ?? null)
  const measured = shallowRef<Span | null>(null)

  const zeros = computed(() => new Map(stories.value.map((story) => [story.session.id, isCompared.value ? (zeroOf(story, alignment.value) ?? story.session.created) : 0])))
  /** Recordings that have no such marker or step lie at their start. */
  const unaligned = computed(() => (isCompared.value ? stories.value.filter((story) => zeroOf(story, alignment.value) === null).map((story) => story.session.name) : []))

  const available = computed(() => pointsOf(stories.value.flatMap((story) => story.recorded), devices.list, quantityName))
  const { chosen, toggle } = useChosen(available, `ionpy.history.points.${project}`, place?.device ?? '')
  const points = computed(() => chosen.value.flatMap((key) => available.value.find((point) => pointKey(point) === key) ?? []))

  const loadable = computed(() => stories.value.map(({ session, recorded }) => ({ session, recorded, zero: zeros.value.get(session.id) ?? 0 })))
  const curves = useCurves(loadable, points, view)

  const span = computed(() => measured.value ?? view.value)
  const asked = computed<Asked[]>(() => {
    const groups = new Map<string, Asked>()
    for (const { session, device, entity } of curves.order.value) {
      const key = `${session.id}/${device}`
      const held = stories.value.find((story) => story.session.id === session.id)?.recorded.find((item) => item.device === device)
      const group = groups.get(key) ?? { session, device, zero: zeros.value.get(session.id) ?? 0, entities: [], rows: held?.rows ?? 0, seconds: held ? held.last - held.first : 0 }
      group.entities.push(entity)
      groups.set(key, group)
    }
    return [...groups.values()]
  })
  const statistics = useStatistics(asked, span)

  watch([() => sessions.value.map((session) => session.id).join(), alignment], (_, [before]) => {
    if (!before) return
    view.value = null
    measured.value = null
  })
  /** All there is, in the units of the axis. */
  const whole = computed<Span>(() => {
    const edges = stories.value.map(({ session }) => [session.created - (zeros.value.get(session.id) ?? 0), endOf(session, serverNow()) - (zeros.value.get(session.id) ?? 0)])
    return [Math.min(...edges.map(([from]) => from ?? 0)), Math.max(...edges.map(([, to]) => to ?? 1))]
  })
  return { stories, ready, reload, alignment, isCompared, view, measured, zeros, unaligned, available, chosen, toggle, points, curves, span, statistics, whole }
}

export type HistoryState = ReturnType<typeof useHistory>

function stored(key: string): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? '[]')
    return Array.isArray(value) ? value.map(String) : []
  } catch {
    return []
  }
}

/** The choice of a person is kept; where nothing of it was recorded, the usual points are shown. */
function useChosen(available: ComputedRef<HistoryPoint[]>, key: string, device: string): { chosen: ComputedRef<string[]>; toggle: (point: string) => void } {
  const wished: Ref<string[]> = ref(device ? [] : stored(key))
  const chosen = computed(() => {
    const own = wished.value.filter((wish) => available.value.some((point) => pointKey(point) === wish))
    return own.length ? own.slice(0, MOST_POINTS) : firstPoints(available.value, device)
  })
  function toggle(point: string): void {
    const rest = chosen.value.filter((item) => item !== point)
    wished.value = rest.length < chosen.value.length ? rest : [...rest, point].slice(-MOST_POINTS)
    localStorage.setItem(key, JSON.stringify(wished.value))
  }
  return { chosen, toggle }
}
