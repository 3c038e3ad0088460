/** Why the link is lost, in words, and the seconds until the next try. */
import { computed, onBeforeUnmount, ref } from 'vue'
import { useBench } from '@/stores/bench'
import { t } from '../messages'

export function useRetry() {
  const bench = useBench()
  const now = ref(Date.now())
  const timer = window.setInterval(() => { if (bench.loss) now.value = Date.now() }, 250)
  onBeforeUnmount(() => window.clearInterval(timer))
  const words = { network: 'lostNetwork', server: 'lostServer', restart: 'lostRestart', slow: 'lostSlow', silence: 'lostSilence' } as const
  const reason = computed(() => (bench.loss ? t(words[bench.loss.reason]) : ''))
  const seconds = computed(() => Math.max(0, Math.ceil(((bench.loss?.retryAt ?? 0) - now.value) / 1000)))
  return { reason, seconds }
}
