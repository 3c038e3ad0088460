/** A prediction of a run. */
import { runsApi } from '@/api/endpoints'
import type { Job, Prediction, PreflightRequest } from '@/api/types'
import { useJob } from '@/kit/useJob'
import type { Ref } from 'vue'

export interface Preflight {
  job: Ref<Job<Prediction> | null>
  busy: Ref<boolean>
  start: (body: PreflightRequest) => Promise<void>
  cancel: () => void
}

export function usePreflight(): Preflight {
  const { job, busy, start, cancel } = useJob<Prediction>()
  return { job, busy, cancel, start: (body) => start(() => runsApi.preflight(body)) }
}
