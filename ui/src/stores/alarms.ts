/** Alarms that stand: active, not yet acknowledged, latched or covered; the badge counts what needs a look. */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { Alarm } from '@/api/alarmTypes'
import type { Severity } from '@/api/types'

export const RANK: Record<Severity, number> = { critical: 3, warning: 2, info: 1 }

/** The worst first; of those what nobody has seen, then the newest. */
export function byUrgency(a: Alarm, b: Alarm): number {
  return RANK[b.severity] - RANK[a.severity] || Number(a.acknowledged) - Number(b.acknowledged) || b.timestamp - a.timestamp
}

/** Covered (shelved, suppressed, out of service) or explained by another one. */
export const isAside = (alarm: Alarm) => Boolean(alarm.hidden || alarm.overlay)

export const useAlarms = defineStore('alarms', () => {
  const byKey = ref<Record<string, Alarm>>({})
  /** Counts events, so that pages that show more than what stands know when to read again. */
  const changes = ref(0)
  /** The same for messages to people. */
  const deliveries = ref(0)
  /** The same for the file that says who is told. */
  const reroutings = ref(0)
  /** Alarms of a moment that is played back; null while the page shows what is now. The badge stays with what is now. */
  const past = shallowRef<Alarm[] | null>(null)
  const list = computed(() => Object.values(byKey.value).sort(byUrgency))
  const shown = computed(() => list.value.filter((alarm) => !isAside(alarm)))
  const count = computed(() => shown.value.length)
  /** What a list shows: of the moment that is played back, else of now. */
  const seen = computed(() => (past.value ? [...past.value].sort(byUrgency) : list.value))
  const unacked = computed(() => shown.value.filter((alarm) => !alarm.acknowledged).length)
  const worst = computed<Severity | null>(() => shown.value[0]?.severity ?? null)

  function adopt(alarms: Alarm[]): void {
    byKey.value = {}
    alarms.forEach(put)
  }

  function put(alarm: Alarm): void {
    const key = alarm.key || String(alarm.id)
    changes.value += 1
    if (alarm.state === 'normal' && !covers(alarm)) delete byKey.value[key]
    else byKey.value[key] = alarm
  }

  return { byKey, list, past, seen, shown, count, unacked, worst, changes, deliveries, reroutings, adopt, put }
})

/** A shelf and a service stay when the alarm is over: somebody must end them. */
const covers = (alarm: Alarm) => alarm.overlay === 'shelved' || alarm.overlay === 'out_of_service'
