/** Alarms that stand: active or not yet acknowledged. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Alarm, Severity } from '@/api/types'

const RANK: Record<Severity, number> = { critical: 3, warning: 2, info: 1 }

export const useAlarms = defineStore('alarms', () => {
  const byKey = ref<Record<string, Alarm>>({})
  const list = computed(() =>
    Object.values(byKey.value).sort((a, b) => RANK[b.severity] - RANK[a.severity] || b.timestamp - a.timestamp),
  )
  const count = computed(() => list.value.length)
  const unacked = computed(() => list.value.filter((alarm) => !alarm.acknowledged).length)
  const worst = computed<Severity | null>(() => list.value[0]?.severity ?? null)

  function adopt(alarms: Alarm[]): void {
    byKey.value = {}
    alarms.forEach(put)
  }

  function put(alarm: Alarm): void {
    const key = alarm.key || String(alarm.id)
    if (alarm.state === 'normal') delete byKey.value[key]
    else byKey.value[key] = alarm
  }

  return { byKey, list, count, unacked, worst, adopt, put }
})
