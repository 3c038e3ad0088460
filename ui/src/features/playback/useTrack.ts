/** What the scrub bar shows of a recording: a thumbnail curve and the times of its events. */
import { computed, shallowRef, watch, type Ref } from 'vue'
import { curvesApi } from '@/api/curves'
import { recordingsApi } from '@/api/recordings'
import type { Session } from '@/api/types'
import { firstPoints, pointKey, pointsOf } from '@/features/history/points'
import { momentsOf, type Moment } from '@/features/history/story'
import { alarmsOf, stepsOf } from '@/features/history/useStories'
import { KIND_COLOUR, kindOf } from '@/features/runs/kinds'
import { valuesOf } from '@/kit/seriesValues'
import { useDevices } from '@/stores/devices'
import { useMarkers } from '@/stores/markers'
import { thumbnail } from './frames'

const POINTS = 500

export function useTrack(session: Ref<Session | null>, bounds: () => [number, number]): { path: Ref<string>; events: Ref<Moment[]> } {
  const path = shallowRef('')
  const happened = shallowRef<Pick<Parameters<typeof momentsOf>[0], 'steps' | 'alarms'> | null>(null)
  /** All at once, so that no step to the next event leaves one out; markers may also come while it plays. */
  const events = computed<Moment[]>(() => {
    const recording = session.value
    if (!recording || !happened.value) return []
    const [from, to] = bounds()
    const markers = useMarkers().list.filter((marker) => marker.session_id === recording.id)
    return momentsOf({ markers, ...happened.value }, (kind) => KIND_COLOUR[kindOf(kind)]).filter((event) => event.at >= from - 1 && event.at <= to + 1)
  })

  async function curve(recording: Session): Promise<string> {
    const held = (await recordingsApi.recorded(recording.id)).items
    const points = pointsOf(held, useDevices().list, (id) => id)
    const point = points.find((item) => pointKey(item) === firstPoints(points)[0])
    if (!point) return ''
    const history = await curvesApi.history(point.device, [point.entity], { session_id: recording.id, points: POINTS })
    return thumbnail(history.t, valuesOf(history.series[point.entity]), bounds())
  }

  async function load(recording: Session): Promise<void> {
    const [drawn, steps, alarms] = await Promise.allSettled([curve(recording), stepsOf(recording), alarmsOf(recording), useMarkers().ensure(recording.id)])
    if (session.value?.id !== recording.id) return
    path.value = drawn.status === 'fulfilled' ? drawn.value : ''
    happened.value = { steps: steps.status === 'fulfilled' ? steps.value : [], alarms: alarms.status === 'fulfilled' ? alarms.value : [] }
  }

  watch(session, (recording) => {
    path.value = ''
    happened.value = null
    if (recording) void load(recording)
  }, { immediate: true })
  return { path, events }
}
