/** What a start will touch: devices of the channel, and which outputs its steps switch on. */
import type { ChannelWiring, Outline, OutlineStep } from '@/api/types'

export type Role = 'supply' | 'load' | 'meter'

export interface Touched {
  device: string
  roles: Role[]
  /** Verbs of steps that switch its output on; empty: it stays off. */
  by: string[]
}

const CHARGES = ['charge', 'precharge']
const DISCHARGES = ['discharge']
/** Steps whose direction stands in their values: both sides may come on. */
const EITHER = ['dcir', 'pulse', 'profile', 'ramp', 'contact_check', 'cross_check', 'call', 'set', 'script']

export function* kindsOf(steps: readonly OutlineStep[]): Generator<string> {
  for (const step of steps) {
    if (step.enabled === false) continue
    yield step.kind
    yield* kindsOf(step.children ?? [])
  }
}

const deviceOf = (point: string | null | undefined): string => point?.split('.')[0] ?? ''

/** In the order supply, load, meters; a device that is several of them stands there once. */
export function touchedBy(outline: Outline, wiring: ChannelWiring): Touched[] {
  const kinds = [...new Set([...kindsOf(outline.steps), ...kindsOf(outline.finally ?? [])])]
  const found = new Map<string, Touched>()
  const note = (device: string, role: Role, by: string[]) => {
    if (!device) return
    const known = found.get(device) ?? { device, roles: [], by: [] }
    found.set(device, { device, roles: [...new Set([...known.roles, role])], by: [...new Set([...known.by, ...by])] })
  }
  note(wiring.source ?? '', 'supply', kinds.filter((kind) => [...CHARGES, ...EITHER].includes(kind)))
  note(wiring.sink ?? '', 'load', kinds.filter((kind) => [...DISCHARGES, ...EITHER].includes(kind)))
  const { voltage, current, temp } = wiring
  for (const point of [voltage?.source, current?.source, current?.charge, current?.discharge, temp?.source]) note(deviceOf(point), 'meter', [])
  return [...found.values()]
}
