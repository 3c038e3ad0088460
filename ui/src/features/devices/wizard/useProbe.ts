/** Asks the server to probe what the wizard holds; leaving the step gives the question up. */
import { onBeforeUnmount, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { ApiError } from '@/api/client'
import { probeTold } from '@/api/deviceLog'
import type { ProbeResult, ProbeStep } from '@/api/types'
import { probeOf } from './entry'
import { useWizard } from './useWizard'

const TICK_MS = 100

export interface Probe {
  busy: Ref<boolean>
  /** Seconds since the question was asked. */
  elapsed: Ref<number>
  /** As told so far while the probe goes on; the one under way has no `ok` yet. */
  steps: ShallowRef<ProbeStep[]>
  run: () => Promise<void>
  /** Goes on without an answer. */
  skip: () => void
}

/** A refusal before anything was tried reads as one failed step. */
function refusal(problem: unknown): ProbeResult {
  const message = problem instanceof Error ? problem.message : String(problem)
  const [code, hint] = problem instanceof ApiError ? [problem.code, problem.hint] : ['', '']
  return { success: false, steps: [{ id: 'request', message, ok: false, detail: null, hint, duration_ms: null }], first_values: {}, error: { code, message, hint }, duration_ms: 0 }
}

export function useProbe(): Probe {
  const wizard = useWizard()
  const busy = ref(false)
  const elapsed = ref(0)
  const steps = shallowRef<ProbeStep[]>([])
  let asked = new AbortController()
  let timer = 0

  function stop(): void {
    asked.abort()
    window.clearInterval(timer)
  }

  async function run(): Promise<void> {
    stop()
    const mine = (asked = new AbortController())
    const began = performance.now()
    const tick = () => (elapsed.value = (performance.now() - began) / 1000)
    tick()
    timer = window.setInterval(tick, TICK_MS)
    wizard.result.value = null
    wizard.skipped.value = false
    busy.value = true
    steps.value = []
    const told = (step: ProbeStep) => (steps.value = [...steps.value.filter((one) => one.id !== step.id), step])
    const answer = await probeTold(probeOf(wizard.entry, wizard.blueprint.value), told, mine.signal).catch(refusal)
    if (mine.signal.aborted) return
    window.clearInterval(timer)
    tick()
    busy.value = false
    wizard.result.value = answer
  }

  function skip(): void {
    stop()
    busy.value = false
    wizard.skipped.value = true
  }

  onBeforeUnmount(stop)
  return { busy, elapsed, steps, run, skip }
}
