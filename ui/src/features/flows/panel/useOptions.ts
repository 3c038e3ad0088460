/** What may stand in a field that names something of the flow or the project: steps, channels, flows. */
import { computed, type ComputedRef } from 'vue'
import type { OutlineStep } from '@/api/types'
import type { Spec } from './spec'
import { usePanel, type Place } from './usePanel'

export interface Option { name: string; detail: string }

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
    if (spec().kind === 'channel') return panel.channels.value.map((name) => ({ name, detail: '' }))
    return spec().kind === 'cell' ? [] : undefined
  })
}
