/** Something a person starts: busy while it runs, its error becomes a toast, never an unhandled rejection. */
import { ref, type Ref } from 'vue'
import { useToasts } from '@/stores/toasts'

export interface Action<A extends unknown[]> {
  busy: Ref<boolean>
  run: (...args: A) => Promise<boolean>
}

/** `run` resolves to true when it worked; a second press while busy does nothing. */
export function useAction<A extends unknown[]>(work: (...args: A) => Promise<unknown>): Action<A> {
  const busy = ref(false)
  const toasts = useToasts()

  async function run(...args: A): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    try {
      await work(...args)
      return true
    } catch (problem) {
      toasts.error(problem)
      return false
    } finally {
      busy.value = false
    }
  }

  return { busy, run }
}
