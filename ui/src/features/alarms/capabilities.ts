/** Which parts about alarms the server has: asked once, and what it has not (404) is not shown. */
import { computed, ref, type ComputedRef } from 'vue'
import { ApiError } from '@/api/client'
import { alarmsApi, outboxApi, routingApi } from '@/api/alarms'

export type Part = 'routing' | 'outbox' | 'quality'

const ASK: Record<Part, () => Promise<unknown>> = {
  routing: () => routingApi.get(),
  outbox: () => outboxApi.list({ limit: 1 }),
  quality: () => alarmsApi.quality(1),
}
const found = ref<Partial<Record<Part, boolean>>>({})
let asked: Promise<void> | null = null

/** A part that refuses or fails is there; only one that nobody knows is not. */
export async function has(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask()
    return true
  } catch (problem) {
    return !(problem instanceof ApiError && (problem.status === 404 || problem.status === 405))
  }
}

async function askAll(): Promise<void> {
  const parts = Object.keys(ASK) as Part[]
  const answers = await Promise.all(parts.map((part) => has(ASK[part])))
  found.value = Object.fromEntries(parts.map((part, place) => [part, answers[place]]))
}

export function useParts(): ComputedRef<Partial<Record<Part, boolean>>> {
  asked ??= askAll()
  return computed(() => found.value)
}
