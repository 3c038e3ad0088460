/** The check before a start: asked again while something stands in the way, and told to who offers the start. */
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RunPreview } from '@/api/types'
import { setLocale } from '@/i18n'
import StartCheck from './StartCheck.vue'

const good: RunPreview = {
  sequence: 's', ok: true, refusals: [], findings: [], duration_s: 90,
  limits: [{ quantity: 'voltage_max', value: 4.25, unit: 'V', origin: 'cell', reaction_s: 2.5 }],
  checks: [{ name: 'voltage', ok: true, value: 3.7, text: '3.7 V within limits' }],
}
const refusedBy = (code: string): RunPreview => ({
  ...good, ok: false, refusals: [{ code, message: 'it moves', hint: 'let it rest' }],
  checks: [...good.checks, { name: 'stable', ok: false, value: 0.02, text: 'moved 20 mV', hint: 'wait' }],
})
let answers: RunPreview[] = []
let asked = 0
const verdicts: string[] = []

beforeEach(() => {
  setLocale('en')
  vi.useFakeTimers()
  answers = []
  asked = verdicts.length = 0
  vi.stubGlobal('fetch', async () => {
    asked += 1
    return new Response(JSON.stringify(answers.shift() ?? good), { status: 200 })
  })
})
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals() })

async function panel() {
  const view = mount(StartCheck, { props: { request: { sequence: 's' }, 'onUpdate:verdict': (one: string) => verdicts.push(one) } })
  await vi.advanceTimersByTimeAsync(10)
  await flushPromises()
  return view
}

test('a clean check says so, with the limits and how fast they act', async () => {
  const view = await panel()
  expect(view.text()).toContain('Nothing stands in the way')
  expect(view.text()).toContain('off within 2.5 s')
  await vi.advanceTimersByTimeAsync(20_000)
  expect(asked).toBe(1)
})

test('a refusal blocks, shows what to do, and is looked at again until it is gone', async () => {
  answers = [refusedBy('START_REFUSED'), good]
  const view = await panel()
  expect(view.find('[role=alert]').text()).toContain('let it rest')
  expect(view.text()).toContain('moved 20 mV')
  expect(verdicts.at(-1)).toBe('blocked')
  await vi.advanceTimersByTimeAsync(3100)
  await flushPromises()
  expect(verdicts.at(-1)).toBe('open')
  expect(view.find('[role=alert]').exists()).toBe(false)
})

test('a channel that is taken can still be queued for', async () => {
  answers = [refusedBy('OWNED')]
  await panel()
  expect(verdicts.at(-1)).toBe('occupied')
})
