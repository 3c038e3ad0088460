/** Rules at work: read again while the page is open, at once when one fired or a flow changed. */
import { computed, onBeforeUnmount, type ComputedRef } from 'vue'
import { rulesApi } from '@/api/endpoints'
import type { RuleState } from '@/api/rules'
import type { Items } from '@/api/types'
import { useLoad, type Load } from '@/kit/useLoad'
import { onFlowChanged, onRuleFired } from '@/stores/live'

const READ_MS = 2000
const AFTER_MS = 150

export interface RuleList {
  load: Load<Items<RuleState>>
  items: ComputedRef<RuleState[]>
  byId: ComputedRef<Record<string, RuleState>>
}

export function useRuleList(heard: () => void = () => undefined): RuleList {
  const load = useLoad(() => rulesApi.list())
  let soon = 0
  function readSoon(): void {
    if (soon) return
    soon = window.setTimeout(() => {
      soon = 0
      void load.reload()
      heard()
    }, AFTER_MS)
  }
  const timer = window.setInterval(() => {
    if (!document.hidden && !load.loading.value) void load.reload()
  }, READ_MS)
  const leave = [onRuleFired(readSoon), onFlowChanged(readSoon)]
  onBeforeUnmount(() => {
    window.clearInterval(timer)
    window.clearTimeout(soon)
    leave.forEach((stop) => stop())
  })
  const items = computed(() => load.data.value?.items ?? [])
  return { load, items, byId: computed(() => Object.fromEntries(items.value.map((rule) => [rule.id, rule]))) }
}
