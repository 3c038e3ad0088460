/** Reads what happened in the chosen recordings; markers come from the store, so that a new one shows at once. */
import { computed, reactive, watch, type ComputedRef, type Ref } from 'vue'
import { alarmsApi } from '@/api/alarms'
import { runsApi } from '@/api/endpoints'
import { http } from '@/api/client'
import { recordingsApi, type RecordedDevice } from '@/api/recordings'
import type { Items, Run, RunStep, Session } from '@/api/types'
import { serverNow } from '@/stores/clock'
import { useMarkers } from '@/stores/markers'
import { useToasts } from '@/stores/toasts'
import { alarmSpans, type AlarmSpan, type WholeStory } from './story'

const MOST_RUNS = 20

interface Facts {
  steps: RunStep[]
  alarms: AlarmSpan[]
  recorded: RecordedDevice[] | null
}

/** Steps of all runs that recorded into a session. */
export async function stepsOf(session: Session): Promise<RunStep[]> {
  const runs = (await http.get<Items<Run>>('/api/runs', { until: session.stopped ?? serverNow() + 1, since: session.created - 86_400, limit: 200 })).items
  const own = runs.filter((run) => run.session_id === session.id).slice(0, MOST_RUNS)
  return (await Promise.all(own.map((run) => runsApi.steps(run.id)))).flatMap((answer) => answer.items).sort((a, b) => a.started - b.started)
}

export async function alarmsOf(session: Session): Promise<AlarmSpan[]> {
  const answer = await alarmsApi.history({ since: session.created, until: (session.stopped ?? serverNow()) + 1, limit: 1000 })
  return alarmSpans(answer.items)
}

export function useStories(sessions: Ref<Session[]>): { stories: ComputedRef<WholeStory[]>; ready: ComputedRef<boolean>; reload: () => void } {
  const markers = useMarkers()
  const toasts = useToasts()
  const facts = reactive(new Map<number, Facts>())

  async function read(session: Session): Promise<void> {
    const known = facts.get(session.id)
    const entry: Facts = known ?? { steps: [], alarms: [], recorded: null }
    const put = (part: Partial<Facts>) => facts.set(session.id, Object.assign({}, facts.get(session.id) ?? entry, part))
    if (!known) put({})
    const parts = await Promise.allSettled([
      recordingsApi.recorded(session.id).then((answer) => put({ recorded: answer.items })),
      stepsOf(session).then((steps) => put({ steps })),
      alarmsOf(session).then((alarms) => put({ alarms })),
      markers.ensure(session.id),
    ])
    const failed = parts.find((part) => part.status === 'rejected')
    if (failed) toasts.error(failed.reason)
  }

  watch(() => sessions.value.map((session) => `${session.id} ${session.status}`).join(), () => {
    for (const session of sessions.value) if (!facts.has(session.id) || session.status === 'running') void read(session)
  }, { immediate: true })

  const stories = computed(() =>
    sessions.value.map((session): WholeStory => {
      const own = facts.get(session.id)
      const inside = markers.list.filter((marker) => marker.session_id === session.id || (marker.session_id === null && marker.timestamp >= session.created && marker.timestamp <= (session.stopped ?? Infinity)))
      return { session, markers: inside, steps: own?.steps ?? [], alarms: own?.alarms ?? [], recorded: own?.recorded ?? [] }
    }),
  )
  return { stories, ready: computed(() => sessions.value.every((session) => facts.get(session.id)?.recorded)), reload: () => sessions.value.forEach((session) => void read(session)) }
}
