/** Runs in progress and the last ones seen; the active run is what header and title show. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Run, RunPrompt, RunStep } from '@/api/types'

export type RunPromptEvent = RunPrompt & { run: Run['id']; event: 'asked' | 'closed' }

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

  /** Everything that waits for a person: open questions, and runs that a power loss has left. */
  const waiting = computed(() => list.value.reduce((sum, run) => sum + (run.prompts?.length ?? 0) + (run.state === 'held' ? 1 : 0), 0))

  /** A question was asked or is over; the run's own event may come later. */
  function notePrompt({ run: id, event, ...prompt }: RunPromptEvent): void {
    const run = byId.value[id]
    if (!run) return
    const others = (run.prompts ?? []).filter((one) => one.step !== prompt.step)
    byId.value[id] = { ...run, prompts: event === 'asked' ? [...others, prompt] : others }
  }

  return { byId, list, active, progressed, waiting, notePrompt, adopt, put, begin }
})
