/** Asks the server what a start would find: when the request changes, and again while something stands in the way. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { runsApi } from '@/api/endpoints'
import type { RunPreview, RunRequest } from '@/api/types'

const TYPED_MS = 400
const AGAIN_MS = 3000
/** A run that only lacks its place may wait for it. */
const OCCUPIED = ['OWNED', 'CHANNEL_BUSY']

export interface RunCheckup {
  found: ShallowRef<RunPreview | null>
  problem: ShallowRef<unknown>
  busy: Ref<boolean>
  refused: ComputedRef<boolean>
  /** Refused only because somebody else is there. */
  occupied: ComputedRef<boolean>
  again: () => void
}

export function useRunCheck(request: () => RunRequest | null): RunCheckup {
  const found = shallowRef<RunPreview | null>(null)
  const problem = shallowRef<unknown>(null)
  const busy = ref(false)
  let asked = 0
  let timer = 0

  async function ask(): Promise<void> {
    window.clearTimeout(timer)
    const body = request()
    const mine = ++asked
    if (!body) return
    busy.value = true
    try {
      const answer = await runsApi.check(body)
      if (mine !== asked) return
      found.value = answer
      problem.value = null
    } catch (error) {
      if (mine !== asked) return
      found.value = null
      problem.value = error
    }
    busy.value = false
    if (problem.value || !found.value?.ok) plan(AGAIN_MS)
  }

  function plan(delay: number): void {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => void ask(), delay)
  }

  watch(() => JSON.stringify(request()), () => {
    asked += 1
    busy.value = false
    plan(found.value ? TYPED_MS : 0)
  }, { immediate: true })
  onBeforeUnmount(() => {
    asked += 1
    window.clearTimeout(timer)
  })

  const refusals = computed(() => found.value?.refusals ?? [])
  const occupied = computed(() => refusals.value.length > 0 && refusals.value.every((one) => OCCUPIED.includes(one.code)))
  return { found, problem, busy, refused: computed(() => problem.value !== null || refusals.value.length > 0), occupied, again: () => void ask() }
}
