/** What may stand in a field that names something: steps of the flow, channels, cells, scripts and flows of the project. */
import { computed, type ComputedRef } from 'vue'
import type { OutlineStep } from '@/api/types'
import type { Spec } from './spec'
import { usePanel, type Place } from './usePanel'
import type { Option } from './useNamed'

function* walkSteps(steps: readonly OutlineStep[]): Generator<OutlineStep> {
  for (const step of steps) {
    yield step
    yield* walkSteps(step.children ?? [])
  }
}

/** Steps by the id the server calls them, also those without one in the file. */
export function useSteps(): ComputedRef<Option[]> {
  const panel = usePanel()
  return computed(() => [...walkSteps(panel.editor.facts.value?.outline?.steps ?? [])].map((step) => ({ name: step.id, detail: step.name && step.name !== step.id ? step.name : step.kind })))
}

export function useOptions(spec: () => Spec, place: () => Place | undefined): ComputedRef<Option[] | undefined> {
  const panel = usePanel()
  const steps = useSteps()
  return computed(() => {
    if (spec().kind === 'step') return place()?.kind === 'action' ? undefined : steps.value
    return panel.named[spec().kind]?.value
  })
}
