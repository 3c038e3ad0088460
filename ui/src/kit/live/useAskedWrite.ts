/** A write that may ask a person first: the question, and what comes of the answer. */
import { computed, ref, type ComputedRef, type Ref } from 'vue'
import type { Device, Entity, Scalar } from '@/api/types'
import { useWrite } from './useWrite'

export interface AskedWrite {
  busy: Ref<boolean>
  /** The value a person is asked about; undefined while nobody is asked. */
  asked: ComputedRef<Scalar | undefined>
  request: (value: Scalar) => void
  answer: (yes: boolean) => void
}

export function useAskedWrite(target: () => { device: Device; entity: Entity } | null, confirm: () => boolean): AskedWrite {
  const wish = ref<{ value: Scalar } | null>(null)
  const write = useWrite(() => {
    const found = target()
    if (!found) throw new Error('the device is gone')
    return found
  })

  function request(value: Scalar): void {
    if (confirm()) wish.value = { value }
    else write.request(value)
  }

  function answer(yes: boolean): void {
    const asked = wish.value
    wish.value = null
    if (yes && asked) write.request(asked.value)
  }

  return { busy: write.busy, asked: computed(() => wish.value?.value), request, answer }
}
