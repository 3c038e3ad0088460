/** Reads something from the server for a page: data, error and loading state, and `reload`. */
import { getActivePinia } from 'pinia'
import { getCurrentScope, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '@/api/client'
import { useBench } from '@/stores/bench'

export interface Load<T> {
  data: ShallowRef<T | null>
  error: ShallowRef<unknown>
  loading: Ref<boolean>
  reload: () => Promise<void>
}

/** What a server that is away or just starting answers. */
const isAway = (error: unknown) => error instanceof ApiError && [0, 502, 503, 504].includes(error.status)

/** Asks again by itself once the link is back, if the question failed because it was gone. */
function askWhenBack(load: Load<unknown>): void {
  if (!getCurrentScope() || !getActivePinia()) return
  const bench = useBench()
  watch(() => bench.link, (link) => { if (link === 'online' && isAway(load.error.value)) void load.reload() })
}

/** The last call wins: a slow answer to an older question is dropped. */
export function useLoad<T>(read: () => Promise<T>): Load<T> {
  const data = shallowRef<T | null>(null)
  const error = shallowRef<unknown>(null)
  const loading = ref(false)
  let asked = 0

  async function reload(): Promise<void> {
    const mine = ++asked
    loading.value = true
    try {
      const answer = await read()
      if (mine !== asked) return
      data.value = answer
      error.value = null
    } catch (problem) {
      if (mine === asked) error.value = problem
    } finally {
      if (mine === asked) loading.value = false
    }
  }

  void reload()
  const load = { data, error, loading, reload }
  askWhenBack(load as Load<unknown>)
  return load
}
