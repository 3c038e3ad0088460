/** Where the slider of a trace stands; at its right edge it goes along with a run that is under way. */
import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
import type { Run, RunStep } from '@/api/types'
import { useNow } from '@/kit/useNow'

const EVERY_MS = 500
/** This close to the edge a person means the edge. */
const EDGE = 0.995

export interface TraceTime {
  /** When the first step began. */
  begin: ComputedRef<number>
  /** Seconds from then to the end, or to now. */
  length: ComputedRef<number>
  at: Ref<number>
  /** The run is under way. */
  isOn: ComputedRef<boolean>
  isFollowing: Ref<boolean>
  /** It has ended while it was looked at. */
  isOver: ComputedRef<boolean>
  move: (seconds: number) => void
  /** As a hand does: close to the edge is the edge. */
  slide: (seconds: number) => void
}

export function useTraceTime(run: () => Run, steps: () => readonly RunStep[]): TraceTime {
  const now = useNow(EVERY_MS)
  const isOn = computed(() => run().state !== 'finished')
  const wasOn = isOn.value
  const begin = computed(() => steps()[0]?.started ?? run().started ?? 0)
  const end = computed(() => (isOn.value ? now.value : (steps().at(-1)?.ended ?? run().ended ?? begin.value)))
  const length = computed(() => Math.max(1, end.value - begin.value))
  const at = ref(length.value)
  const isFollowing = ref(true)
  watch(length, (seconds) => {
    if (isFollowing.value) at.value = seconds
    else if (at.value > seconds) at.value = seconds
  })
  const move = (seconds: number): void => {
    isFollowing.value = seconds >= length.value
    at.value = seconds
  }
  const slide = (seconds: number): void => move(seconds >= length.value * EDGE ? length.value : seconds)
  return { begin, length, at, isOn, isFollowing, isOver: computed(() => wasOn && !isOn.value), move, slide }
}
