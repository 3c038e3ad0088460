/** What a step has besides its counts: phases, measures, resistances, an answer, warnings. */
import type { RunStep } from '@/api/types'

/** A single phase says nothing that the step does not. */
export function phasesOf(step: RunStep): { name: string; seconds: number | null }[] {
  const found = step.phases.map((phase) => ({ name: phase.name, seconds: phase.end === null ? null : phase.end - phase.start }))
  const lasting = found.filter((phase) => phase.seconds === null || phase.seconds >= 1)
  return lasting.length > 1 || lasting.some((phase) => phase.name === 'precharge') ? lasting : []
}

export function hasDetails(step: RunStep): boolean {
  return Boolean(step.measures?.length || step.dcir?.length || step.answer || step.warnings?.length || phasesOf(step).length)
}
