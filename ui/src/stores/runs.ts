/** Runs in progress and the last ones seen; the active run is what header and title show. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Run, RunPrompt } from '@/api/types'

export type RunPromptEvent = RunPrompt & { run: Run['id']; event: 'asked' | 'closed' }

export const useRuns = defineStore('runs', () => {
  const byId = ref<Record<string, Run>>({})
  /** Counts finished steps and cycles, so that tables know when to read again. */
  const progressed = ref(0)
  const list = computed(() => Object.values(byId.value).sort((a, b) => (b.started ?? 0) - (a.started ?? 0)))
  /** Runs under way at a moment that is played back; null while the page shows what is now. */
  const past = shallowRef<Run[] | null>(null)
  const active = computed(() => list.value.find((run) => run.state !== 'finished') ?? null)

  /** The run a page shows: of the moment that is played back, else the active one. */
  const shown = computed(() => (past.value ? (past.value[0] ?? null) : active.value))

  /** The last that was told of each step's question by itself: a run's own event may be older. */
  const told = new Map<string, { id: Run['id']; prompt: RunPrompt; open: boolean }>()

  function adopt(runs: Run[]): void {
    told.clear()
    byId.value = Object.fromEntries(runs.map((run) => [run.id, run]))
  }

  function put(run: Run): void {
    byId.value[run.id] = { ...run, prompts: openOnes(run) }
    if (run.state === 'finished') for (const [key, one] of told) if (one.id === run.id) told.delete(key)
  }

  /** A card that comes and goes would lose what a person is typing into it. */
  function openOnes(run: Run): RunPrompt[] {
    const own = (run.prompts ?? []).filter((prompt) => {
      const last = told.get(`${run.id}/${prompt.step}`)
      return !last || prompt.since > last.prompt.since || (prompt.since === last.prompt.since && last.open)
    })
    if (run.state === 'finished') return own
    const steps = new Set(own.map((prompt) => prompt.step))
    const asked = [...told.values()].filter((one) => one.open && one.id === run.id && !steps.has(one.prompt.step))
    return [...own, ...asked.map((one) => one.prompt)]
  }

  /** The answer to a start: an event may have come before it, and is then newer. */
  function begin(run: Run): void {
    if (!(run.id in byId.value)) put(run)
  }

  /** Everything that waits for a person: open questions, and runs that a power loss has left. */
  const waiting = computed(() => list.value.reduce((sum, run) => sum + (run.prompts?.length ?? 0) + (run.state === 'held' ? 1 : 0), 0))

  /** A question was asked or is over; the run's own event may come later. */
  function notePrompt({ run: id, event, ...prompt }: RunPromptEvent): void {
    const open = event === 'asked'
    told.set(`${id}/${prompt.step}`, { id, prompt, open })
    const run = byId.value[id]
    if (!run) return
    const others = (run.prompts ?? []).filter((one) => one.step !== prompt.step)
    byId.value[id] = { ...run, prompts: open ? [...others, prompt] : others }
  }

  return { byId, list, active, past, shown, progressed, waiting, notePrompt, adopt, put, begin }
})
