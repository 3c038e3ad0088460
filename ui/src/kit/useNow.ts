/** The server's time as a ref that moves on, for ages and remaining times. */
import { onBeforeUnmount, ref, type Ref } from 'vue'
import { serverNow } from '@/stores/clock'

export function useNow(everyMs = 1000): Ref<number> {
  const now = ref(serverNow())
  const timer = window.setInterval(() => (now.value = serverNow()), everyMs)
  onBeforeUnmount(() => window.clearInterval(timer))
  return now
}
