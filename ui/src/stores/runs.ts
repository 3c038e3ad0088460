/** Runs in progress and the last ones seen; the active run is what header and title show. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Run, RunStep } from '@/api/types'

export type RunStepEvent = RunStep & { run_id?: Run['id'] }

export const useRuns = defineStore('runs', () => {
  const byId = ref<Record<string, Run>>({})
  /** Counts finished steps and cycles, so that tables know when to read again. */
  const progressed = ref(0)
  const list = computed(() => Object.values(byId.value).sort((a, b) => (b.started ?? 0) - (a.started ?? 0)))
  const active = computed(() => list.value.find((run) => run.state !== 'finished') ?? null)

  function adopt(runs: Run[]): void {
    byId.value = Object.fromEntries(runs.map((run) => [run.id, run]))
  }

  function put(run: Run): void {
    byId.value[run.id] = run
  }

  /** The answer to a start: an event may have come before it, and is then newer. */
  function begin(run: Run): void {
    if (!(run.id in byId.value)) put(run)
  }

  return { byId, list, active, progressed, adopt, put, begin }
})
