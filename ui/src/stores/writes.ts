/**
 * Every write of a value goes through here. The server may ask back: a dangerous write wants a confirmation, an output
 * that a run holds wants a take-over. The question is shown once at a time; the answer repeats the write.
 */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { ApiError, setGuard } from '@/api/client'
import { devicesApi, type WriteConsent } from '@/api/endpoints'
import type { Device, Entity, Outcome, Scalar } from '@/api/types'
import { tw } from '@/kit/words'
import { without } from '@/kit/without'
import { isLive } from './moment'
import { sampleOf } from './samples'

export type Answer = 'yes' | 'no' | 'again'

export interface Question {
  kind: 'confirm' | 'take_over'
  device: Device
  entity: Entity
  old: Scalar | undefined
  value: Scalar
  /** The server's words. */
  text: string
  owner: string
  /** How long the server waits for the answer. */
  lifeS: number
}

interface Pending {
  question: Question
  answer: (answer: Answer) => void
}

/** What a refusal asks for; null when it is a plain refusal. */
function asksFor(problem: unknown, consent: WriteConsent): Pick<Question, 'kind' | 'text' | 'owner' | 'lifeS'> | null {
  if (!(problem instanceof ApiError) || problem.status !== 409) return null
  const { args, code, message } = problem
  if (code === 'CONFIRMATION_REQUIRED' && args.token) {
    return { kind: 'confirm', text: String(args.question ?? message), owner: '', lifeS: Number(args.expires_s) || 30 }
  }
  if (code === 'OWNED' && args.owner && !consent.take_over) return { kind: 'take_over', text: message, owner: String(args.owner), lifeS: 0 }
  return null
}

/** Requests that set something in motion. Stopping, acknowledging and "All off" are none of them. */
const ACTS: readonly [method: string, path: RegExp][] = [
  ['PUT', /^\/api\/devices\/[^/]+\/entities\//],
  ['POST', /^\/api\/devices\/[^/]+\/(connect|rearm)$/],
  ['POST', /^\/api\/runs(\/[^/]+\/(resume|skip|prompt))?$/],
  ['POST', /^\/api\/rules\/.+\/(trigger|enable|disable)$/],
  ['PUT', /^\/api\/rules\//],
  ['POST', /^\/api\/scripts\/[^/]+\/run$/],
  ['POST', /^\/api\/projects\/active\/sessions\/start$/],
  ['POST', /^\/api\/admin\/rearm$/],
]

/** While the past is shown nothing is set in motion: a person would act on values that are gone. */
export function refusedNow(method: string, path: string): ApiError | null {
  if (isLive.value || !ACTS.some(([verb, pattern]) => verb === method && pattern.test(path))) return null
  return new ApiError(409, { code: 'PLAYBACK', message: tw('pastRefused'), hint: tw('pastHint') })
}
setGuard(refusedNow)

export const useWrites = defineStore('writes', () => {
  const pending = ref<Pending[]>([])
  const question = computed(() => pending.value[0]?.question ?? null)

  function ask(asked: Question): Promise<Answer> {
    return new Promise((resolve) => pending.value.push({ question: asked, answer: resolve }))
  }

  function answer(given: Answer): void {
    pending.value.shift()?.answer(given)
  }

  /** Writes one entity; null when the person decided against it. */
  async function write(device: Device, entity: Entity, value: Scalar): Promise<Outcome | null> {
    let consent: WriteConsent = {}
    for (;;) {
      try {
        return await devicesApi.write(device.id, entity.id, value, consent)
      } catch (problem) {
        const asked = asksFor(problem, consent)
        if (!asked) throw problem
        const given = await ask({ ...asked, device, entity, value, old: sampleOf(`${device.id}.${entity.id}`)?.value })
        if (given === 'no') return null
        const rest: WriteConsent = without(consent, 'confirm')
        if (asked.kind === 'take_over') consent = { ...rest, take_over: true }
        else consent = given === 'again' ? rest : { ...rest, confirm: String((problem as ApiError).args.token) }
      }
    }
  }

  return { question, write, answer }
})
