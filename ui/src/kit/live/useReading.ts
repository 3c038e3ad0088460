/** Something read from the newest sample of a point, as a ref that changes only when it does; for states, not for curves. */
import { onBeforeUnmount, ref, watch, type Ref } from 'vue'
import type { Scalar } from '@/api/types'
import { paintWith } from '@/kit/painter'
import { sampleOf, want } from '@/stores/samples'

/** `element` is where it is shown: out of sight nothing is read. */
export function useReading<T extends Scalar>(element: Ref<HTMLElement | null>, point: () => string | undefined, pick: (value: Scalar | undefined) => T): Ref<T> {
  const read = ref(pick(undefined)) as Ref<T>
  let leave: (() => void)[] = []
  const stop = () => leave.splice(0).forEach((one) => one())

  watch([element, point], ([target, source]) => {
    stop()
    read.value = pick(undefined)
    if (!target || !source) return
    const look = () => {
      const next = pick(sampleOf(source)?.value)
      if (next !== read.value) read.value = next
    }
    leave = [want([source]), paintWith(target, [source], look)]
  }, { flush: 'post', immediate: true })
  onBeforeUnmount(stop)
  return read
}

export const asState = (value: Scalar | undefined): boolean | null => (value === undefined || value === null ? null : Boolean(value))
export const asText = (value: Scalar | undefined): string | null => (value === undefined || value === null ? null : String(value))
export const asNumber = (value: Scalar | undefined): number | null => (typeof value === 'number' ? value : null)
