/** A test in the server's worker process: asked for, followed to its end, and cancelled when nobody looks any more. */
import { onBeforeUnmount, shallowRef, ref, type Ref, type ShallowRef } from 'vue'
import { simulationsApi } from '@/api/endpoints'
import type { Job } from '@/api/types'
import { useToasts } from '@/stores/toasts'

const LOOK_MS = 400

export interface JobView<R> {
  job: ShallowRef<Job<R> | null>
  busy: Ref<boolean>
  start: (ask: () => Promise<Job<R>>) => Promise<void>
  cancel: () => void
}

const isOpen = (job: Job<unknown> | null) => job?.state === 'waiting' || job?.state === 'running'

export function useJob<R>(): JobView<R> {
  const job: ShallowRef<Job<R> | null> = shallowRef(null)
  const busy = ref(false)
  const toasts = useToasts()
  let asked = 0

  async function follow(first: Job<R>, mine: number): Promise<void> {
    job.value = first
    while (mine === asked && isOpen(job.value)) {
      await new Promise((done) => window.setTimeout(done, LOOK_MS))
      if (mine !== asked) return
      const now = await simulationsApi.get<R>(first.id)
      if (mine === asked) job.value = now
    }
    if (mine === asked && job.value?.error) toasts.show('error', job.value.error.message, job.value.error.hint ?? '', job.value.error.code)
  }

  async function start(ask: () => Promise<Job<R>>): Promise<void> {
    cancel()
    const mine = ++asked
    busy.value = true
    try {
      const made = await ask()
      if (mine === asked) await follow(made, mine)
      else await simulationsApi.cancel(made.id)
    } catch (problem) {
      if (mine === asked) toasts.error(problem)
    } finally {
      if (mine === asked) busy.value = false
    }
  }

  function cancel(): void {
    asked += 1
    busy.value = false
    const open = job.value
    if (!open || !isOpen(open)) return
    job.value = null
    void simulationsApi.cancel(open.id).catch(() => undefined)
  }

  onBeforeUnmount(cancel)
  return { job, busy, start, cancel }
}
