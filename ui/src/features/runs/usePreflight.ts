/** A prediction that is asked for, followed to its end and cancelled when nobody looks any more. */
import { onBeforeUnmount, ref, type Ref } from 'vue'
import { runsApi, simulationsApi } from '@/api/endpoints'
import type { Job, Prediction, PreflightRequest } from '@/api/types'
import { useToasts } from '@/stores/toasts'

const LOOK_MS = 400

export interface Preflight {
  job: Ref<Job<Prediction> | null>
  busy: Ref<boolean>
  start: (body: PreflightRequest) => Promise<void>
  cancel: () => void
}

export function usePreflight(): Preflight {
  const job = ref<Job<Prediction> | null>(null)
  const busy = ref(false)
  const toasts = useToasts()
  let asked = 0

  async function follow(first: Job<Prediction>, mine: number): Promise<void> {
    job.value = first
    while (mine === asked && (job.value.state === 'waiting' || job.value.state === 'running')) {
      await new Promise((done) => window.setTimeout(done, LOOK_MS))
      if (mine !== asked) return
      const now = await simulationsApi.get<Prediction>(first.id)
      if (mine === asked) job.value = now
    }
    if (mine === asked && job.value.error) toasts.error(new Error(job.value.error.message))
  }

  async function start(body: PreflightRequest): Promise<void> {
    cancel()
    const mine = ++asked
    busy.value = true
    try {
      const made = await runsApi.preflight(body)
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
    if (open && (open.state === 'waiting' || open.state === 'running')) {
      job.value = null
      void simulationsApi.cancel(open.id).catch(() => undefined)
    }
  }

  onBeforeUnmount(cancel)
  return { job, busy, start, cancel }
}
