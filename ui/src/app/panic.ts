/** Switching everything off: the same from the button, the keys, the palette and the phone. */
import { ref } from 'vue'
import { ApiError } from '@/api/client'
import { adminApi } from '@/api/endpoints'
import { useBench } from '@/stores/bench'
import { useToasts } from '@/stores/toasts'
import { t } from './messages'

export const sending = ref(0)

/** A second press sends again, on purpose. */
export async function allOff(reason = ''): Promise<void> {
  const bench = useBench()
  sending.value += 1
  try {
    const answer = await adminApi.panic(reason)
    bench.latch = answer
  } catch (problem) {
    if (problem instanceof ApiError && problem.status === 0) useToasts().show('error', t('offFailed'), t('offFailedHint'), problem.code)
    else useToasts().error(problem)
  } finally {
    sending.value -= 1
  }
}
