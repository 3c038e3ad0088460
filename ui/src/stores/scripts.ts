/** Runs of scripts and what they print, while the page is open. */
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive } from 'vue'
import type { ScriptLine, ScriptRun } from '@/api/types'

export interface ScriptOutput {
  run: string
  script: string
  lines: ScriptLine[]
  dropped: number
}

/** As many lines as the server keeps for a run that is shown. */
const AT_MOST = 2000

export const useScripts = defineStore('scripts', () => {
  const byId = ref<Record<string, ScriptRun>>({})
  const output = shallowReactive<Record<string, ScriptLine[]>>({})
  const active = computed(() => Object.values(byId.value).filter((run) => run.state === 'running'))

  function adopt(runs: ScriptRun[]): void {
    byId.value = Object.fromEntries(runs.map((run) => [run.id, run]))
  }

  function put(run: ScriptRun): void {
    byId.value[run.id] = run
  }

  function print({ run, lines }: ScriptOutput): void {
    output[run] = [...(output[run] ?? []), ...lines].slice(-AT_MOST)
  }

  /** What was printed before the page was opened; lines that came meanwhile stay behind it. */
  function fill(run: ScriptRun): void {
    const before = run.output ?? []
    const last = before.at(-1)?.t ?? -Infinity
    output[run.id] = [...before, ...(output[run.id] ?? []).filter((line) => line.t > last)]
  }

  return { byId, output, active, adopt, put, print, fill }
})
