/** What the rules of a flow did while a run of it was under way. */
import { computed, type ComputedRef } from 'vue'
import { rulesApi } from '@/api/endpoints'
import type { Run } from '@/api/types'
import { useLoad } from '@/kit/useLoad'

export interface TraceFiring {
  time: number
  title: string
  outcome: string
}

const AT_MOST = 100

export function useTraceRules(run: () => Run): ComputedRef<TraceFiring[]> {
  const load = useLoad(async () => {
    const { sequence, started, ended } = run()
    const own = (await rulesApi.list()).items.filter((rule) => rule.id.startsWith(`${sequence}/`))
    const lists = await Promise.all(own.map(async (rule) => (await rulesApi.traces(rule.id, AT_MOST)).items.map((one) => ({ time: one.timestamp, title: rule.title || rule.id, outcome: one.outcome }))))
    return lists.flat().filter((one) => one.time >= (started ?? 0) && one.time <= (ended ?? Infinity)).sort((a, b) => a.time - b.time)
  })
  return computed(() => load.data.value ?? [])
}
