/** One run with its tables: read once, then kept fresh by events; tables are read again when a step ends. */
import { computed, onBeforeUnmount, watch, type ComputedRef } from 'vue'
import { runsApi } from '@/api/endpoints'
import type { Run, RunCycle, RunStep } from '@/api/types'
import { useLoad, type Load } from '@/kit/useLoad'
import { useMarkers } from '@/stores/markers'
import { useRuns } from '@/stores/runs'

const AGAIN_MS = 1000

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
  let timer = 0

  /** Fast simulated runs end many steps a second: one reading follows a burst of events. */
  function readSoon(): void {
    if (timer) return
    timer = window.setTimeout(() => {
      timer = 0 // what ends while the tables are read is read once more
      void Promise.all([steps.reload(), cycles.reload()])
    }, AGAIN_MS)
  }

  watch(() => run.value?.session_id, (session) => void (session && useMarkers().ensure(session).catch(() => undefined)), { immediate: true })
  const stage = computed(() => [run.value?.step_id, run.value?.state, run.value?.live?.cycle].join())
  watch([() => store.progressed, stage], readSoon)
  onBeforeUnmount(() => window.clearTimeout(timer))
  return {
    load,
    run,
    steps: computed(() => steps.data.value?.items ?? []),
    cycles: computed(() => cycles.data.value?.items ?? []),
  }
}
