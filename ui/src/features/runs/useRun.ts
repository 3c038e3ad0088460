/** One run with its tables: read once, then kept fresh by events; tables are read again when a step ends. */
import { computed, watch, type ComputedRef } from 'vue'
import { runsApi } from '@/api/endpoints'
import type { Run, RunCycle, RunStep } from '@/api/types'
import { useLoad, type Load } from '@/kit/useLoad'
import { useRuns } from '@/stores/runs'

export interface RunView {
  load: Load<Run>
  run: ComputedRef<Run | null>
  steps: ComputedRef<RunStep[]>
  cycles: ComputedRef<RunCycle[]>
}

export function useRun(id: string): RunView {
  const store = useRuns()
  const load = useLoad(() => runsApi.get(id))
  const steps = useLoad(() => runsApi.steps(id))
  const cycles = useLoad(() => runsApi.cycles(id))
  const run = computed<Run | null>(() => store.byId[id] ?? load.data.value)

  watch(
    () => [store.progressed, run.value?.step_id, run.value?.state, run.value?.live?.cycle],
    () => {
      void steps.reload()
      void cycles.reload()
    },
  )
  return {
    load,
    run,
    steps: computed(() => steps.data.value?.items ?? []),
    cycles: computed(() => cycles.data.value?.items ?? []),
  }
}
