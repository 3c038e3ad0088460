/** Which parts about alarms the server has: asked once, and what it has not (404) is not shown. */
import { computed, ref, type ComputedRef } from 'vue'
import { ApiError } from '@/api/client'
import { alarmsApi, definitionsApi, outboxApi, routingApi } from '@/api/alarms'

export type Part = 'routing' | 'outbox' | 'quality' | 'definitions'

const ASK: Record<Exclude<Part, 'quality'>, () => Promise<unknown>> = {
  routing: () => routingApi.get(),
  definitions: () => definitionsApi.get(),
  outbox: () => outboxApi.list({ limit: 1 }),
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

/** Figures and export came together with shelving. */
const countsShelved = () => alarmsApi.active().then((list) => list.counts?.shelved !== undefined).catch(() => false)

async function askAll(): Promise<void> {
  const [routing, outbox, definitions, quality] = await Promise.all([has(ASK.routing), has(ASK.outbox), has(ASK.definitions), countsShelved()])
  found.value = { routing, outbox, definitions, quality }
}

export function useParts(): ComputedRef<Partial<Record<Part, boolean>>> {
  asked ??= askAll()
  return computed(() => found.value)
}
