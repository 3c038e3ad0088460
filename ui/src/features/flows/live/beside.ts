/** What a condition looks at now, as text: the newest sample, or a figure of the step under way with how far it is. */
import { computed, type ComputedRef } from 'vue'
import type { Run } from '@/api/types'
import { CHANNEL_QUANTITIES } from '@/kit/channel'
import { formatDuration, formatNumber, formatQuantity } from '@/kit/format'
import { useDevices } from '@/stores/devices'
import { sampleOf } from '@/stores/samples'
import { sameCondition, subjectOf } from './subject'
import { useLive } from './useFlowLive'

type NextEnd = NonNullable<NonNullable<Run['live']>['next_end']>

export interface Beside {
  points: ComputedRef<string[]>
  /** The end the run comes to next, where it is this one. */
  next: ComputedRef<NextEnd | null>
  /** There is something to show. */
  shown: ComputedRef<boolean>
  /** Not reactive in the sample: whoever paints calls it. */
  text: () => string
}

/** `isAt`: the step of this condition is under way. */
export function useBeside(expression: () => string, isAt: () => boolean): Beside {
  const live = useLive()
  const devices = useDevices()
  const subject = computed(() => (live.isPast ? null : subjectOf(expression(), live.channel.value)))
  const next = computed(() => {
    const end = isAt() ? live.run.value?.live?.next_end : null
    return end && sameCondition(end.text, expression()) ? end : null
  })
  const points = computed(() => (subject.value?.point ? [subject.value.point] : []))
  const unit = computed(() => {
    const [owner, name] = (subject.value?.point ?? '').split('.')
    if (owner === live.channel.value) return CHANNEL_QUANTITIES.find((one) => one.id === name) ?? null
    return devices.byId[owner ?? '']?.entities.find((one) => one.id === name) ?? null
  })
  function figure(): string {
    const now = live.run.value?.live
    if (!isAt() || !now) return ''
    if (subject.value?.figure === 'time') return formatDuration(now.step_time_s)
    return subject.value?.figure === 'ah' ? formatQuantity(now.step_ah, 'Ah') : formatQuantity(now.step_wh, 'Wh')
  }
  function newest(): string {
    const value = sampleOf(points.value[0] ?? '')?.value
    if (typeof value !== 'number') return value === undefined || value === null ? '' : String(value)
    return formatQuantity(value, unit.value?.unit ?? null, unit.value?.precision)
  }
  const limit = computed(() => {
    const to = next.value?.limit
    if (to === null || to === undefined) return ''
    return subject.value?.figure === 'time' ? formatDuration(to) : formatNumber(to)
  })
  return {
    points, next,
    shown: computed(() => subject.value !== null && (points.value.length > 0 || isAt())),
    text: () => [points.value.length ? newest() : figure(), limit.value].filter(Boolean).join(' / '),
  }
}
