/** Interlocks of the project: their states, kept up to date by events. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { ApiError } from '@/api/client'
import { interlocksApi } from '@/api/endpoints'
import type { Finding, Interlock, Interlocks, InterlockState } from '@/api/types'

/** What nobody knows counts as tripped. */
const HOLDS: InterlockState[] = ['tripped', 'unknown']
const RANK: Record<InterlockState, number> = { tripped: 0, unknown: 1, shelved: 2, ok: 3 }

export const useInterlocks = defineStore('interlocks', () => {
  const byId = ref<Record<string, Interlock>>({})
  const source = ref('')
  const revision = ref('')
  const findings = ref<Finding[]>([])
  /** False while the server does not tell. */
  const known = ref(false)
  const inForce = ref(true)
  const list = computed(() => Object.values(byId.value).sort((a, b) => RANK[a.state] - RANK[b.state]))
  const tripped = computed(() => list.value.filter((item) => HOLDS.includes(item.state)))

  function adopt(answer: Interlocks): void {
    byId.value = Object.fromEntries(answer.items.map((item) => [item.id, item]))
    source.value = answer.source
    revision.value = answer.revision
    findings.value = answer.findings ?? []
    inForce.value = answer.in_force ?? true
    known.value = true
  }

  function put(item: Interlock): void {
    byId.value[item.id] = { ...byId.value[item.id], ...item }
  }

  async function load(): Promise<void> {
    try {
      adopt(await interlocksApi.list())
    } catch (problem) {
      known.value = false
      byId.value = {}
      if (!(problem instanceof ApiError && problem.status === 404)) throw problem
    }
  }

  return { byId, source, revision, findings, inForce, known, list, tripped, adopt, put, load }
})
