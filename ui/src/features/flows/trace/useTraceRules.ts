/** What the rules of a flow did while a run of it was under way. */
import { computed, watch, type ComputedRef } from 'vue'
import { rulesApi } from '@/api/endpoints'
import type { Run } from '@/api/types'
import { useLoad } from '@/kit/useLoad'

export interface TraceFiring {
  time: number
  title: string
  outcome: string
}

const AT_MOST = 100

/** Read again with each step of a run under way, and when it ends. */
export function useTraceRules(run: () => Run, steps: () => number): ComputedRef<TraceFiring[]> {
  const load = useLoad(async () => {
    const { sequence, started, ended } = run()
    const own = (await rulesApi.list()).items.filter((rule) => rule.id.startsWith(`${sequence}/`))
    const lists = await Promise.all(own.map(async (rule) => (await rulesApi.traces(rule.id, AT_MOST)).items.map((one) => ({ time: one.timestamp, title: rule.title || rule.id, outcome: one.outcome }))))
    return lists.flat().filter((one) => one.time >= (started ?? 0) && one.time <= (ended ?? Infinity)).sort((a, b) => a.time - b.time)
  })
  watch([steps, () => run().state], () => void load.reload())
  return computed(() => load.data.value ?? [])
}
