/** State of the rules at work: read again while the page is open, at once when one fired. */
import { computed, onBeforeUnmount, type ComputedRef } from 'vue'
import { rulesApi } from '@/api/endpoints'
import type { Rule } from '@/api/types'
import { useLoad } from '@/kit/useLoad'
import { onFlowChanged, onRuleFired } from '@/stores/live'

const READ_MS = 2000
const AFTER_MS = 150

export interface Rules {
  byId: ComputedRef<Record<string, Rule>>
  reload: () => Promise<void>
}

export function useRules(): Rules {
  const load = useLoad(() => rulesApi.list())
  let soon = 0
  const readSoon = () => {
    window.clearTimeout(soon)
    soon = window.setTimeout(() => void load.reload(), AFTER_MS)
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
  return {
    byId: computed(() => Object.fromEntries((load.data.value?.items ?? []).map((rule) => [rule.id, rule]))),
    reload: load.reload,
  }
}
