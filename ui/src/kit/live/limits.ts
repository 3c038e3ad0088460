/** Limits of a point: alarm limits as its driver or the project defines them, and what a running run enforces. */
import { ref, shallowRef, watch, type ShallowRef } from 'vue'
import { definitionsApi } from '@/api/alarms'
import type { AlarmDefinitions } from '@/api/alarmTypes'
import type { Run } from '@/api/types'
import { useAlarms } from '@/stores/alarms'
import { useBench } from '@/stores/bench'

export interface PointLimits {
  lolo: number | null
  lo: number | null
  hi: number | null
  hihi: number | null
}

export const NO_LIMITS: PointLimits = { lolo: null, lo: null, hi: null, hihi: null }
const STALE_MS = 10_000

const RUNGS = ['lolo', 'lo', 'hi', 'hihi'] as const

/** From the answer of the server; the project's definitions win over those of a driver. */
export function limitsByPoint(answer: AlarmDefinitions): Map<string, PointLimits> {
  const found = new Map<string, PointLimits>()
  const put = (point: string, key: keyof PointLimits, at: number | null | undefined) => {
    if (typeof at === 'number') found.set(point, { ...(found.get(point) ?? NO_LIMITS), [key]: at })
  }
  for (const limits of answer.defaults ?? []) {
    if (!limits.replaced) RUNGS.forEach((key) => put(limits.point, key, limits[key]))
  }
  for (const { point, watches } of answer.items) {
    for (const { word, at } of watches.filter((one) => one.source === 'limit')) {
      const key = RUNGS.find((rung) => rung === word.toLowerCase())
      if (key) put(point, key, at)
    }
  }
  return found
}

const known = shallowRef(new Map<string, PointLimits>())
const asked = ref(0)
let project = ''

/** Asked once for all widgets, and again when alarms were told about another way or some time has passed. */
export function useLimits(): ShallowRef<Map<string, PointLimits>> {
  const bench = useBench()
  const alarms = useAlarms()

  async function load(): Promise<void> {
    const id = String(bench.project?.id ?? '')
    if (id === project && Date.now() - asked.value < STALE_MS) return
    asked.value = Date.now()
    project = id
    const answer = await definitionsApi.get().catch(() => null) // without limits a chart is still a chart
    if (answer && id === project) known.value = limitsByPoint(answer)
  }

  void load()
  watch(() => alarms.reroutings, () => {
    asked.value = 0
    void load()
  })
  return known
}

/** Which limits of a run are lines of which quantity of its channel. */
const OF_RUN: Record<string, { quantity: string; sign: 1 | -1 }> = {
  voltage_min: { quantity: 'voltage', sign: 1 }, voltage_max: { quantity: 'voltage', sign: 1 },
  charge_current: { quantity: 'current', sign: 1 }, discharge_current: { quantity: 'current', sign: -1 },
  temp_min: { quantity: 'temp', sign: 1 }, temp_max: { quantity: 'temp', sign: 1 },
}

/** The lines that a run in progress must not cross. */
export function runLimits(runs: Run[], point: string): { at: number; unit: string; quantity: string }[] {
  const run = runs.find((one) => one.state !== 'finished' && point.startsWith(`${one.bindings?.channel}.`))
  return (run?.limits ?? []).flatMap(({ quantity, value, unit }) => {
    const line = OF_RUN[quantity]
    return line && typeof value === 'number' && point.endsWith(`.${line.quantity}`) ? [{ at: line.sign * value, unit: unit ?? '', quantity }] : []
  })
}
