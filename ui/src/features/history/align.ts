/** Where zero is when recordings are laid over each other: their start, a marker, or the begin of a step. */
import type { Marker, RunStep, Session } from '@/api/types'

export type AlignKind = 'start' | 'marker' | 'step'

export interface Alignment {
  kind: AlignKind
  /** Label of the marker or title of the step. */
  name: string
}

export const AT_START: Alignment = { kind: 'start', name: '' }

export interface Story {
  session: Session
  markers: Marker[]
  steps: RunStep[]
}

export const stepName = (step: RunStep) => step.title || step.step_id

/** Zero of one recording; null when it has no such marker or step. */
export function zeroOf({ session, markers, steps }: Story, { kind, name }: Alignment): number | null {
  if (kind === 'marker') return earliest(markers.filter((marker) => marker.label === name).map((marker) => marker.timestamp))
  if (kind === 'step') return earliest(steps.filter((step) => stepName(step) === name).map((step) => step.started))
  return session.created
}

const earliest = (times: number[]) => (times.length ? Math.min(...times) : null)

/** Names that occur in at least two of the recordings (or in the only one), the most common first. */
export function commonNames(stories: Story[], namesOf: (story: Story) => string[]): string[] {
  const counts = new Map<string, number>()
  for (const story of stories) for (const name of new Set(namesOf(story))) counts.set(name, (counts.get(name) ?? 0) + 1)
  const least = Math.min(2, stories.length)
  return [...counts].filter(([, count]) => count >= least).sort((a, b) => b[1] - a[1]).map(([name]) => name)
}
