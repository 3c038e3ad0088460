/** The panel of a prediction: asks, follows, shows, and gives its id only while it belongs to what would be started. */
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Job, Prediction } from '@/api/types'
import { setLocale } from '@/i18n'
import PreflightPanel from './PreflightPanel.vue'
import { findingText, limitLines } from './prediction'

// jsdom draws no charts.
vi.mock('@/kit/chart/TimeChart.vue', () => ({
  default: { name: 'TimeChart', props: ['series', 'regions'], template: '<div class="chart" />', methods: { setData: () => undefined } },
}))

const found: Prediction = {
  outcome: 'finished',
  verdict: 'pass',
  start: { soc: 0.48, source: 'measured', voltage: 3.7 },
  duration_s: 56_210,
  energy: { in_ah: 7.419, out_ah: 8.601, in_wh: 28.01, out_wh: 30.76, mains_wh: 32.95 },
  peaks: { voltage_min: 2.5, voltage_max: 4.2, current_min: -2.5, current_max: 1.25, temp_min: 25, temp_max: 28.1 },
  limits: [
    { quantity: 'voltage_max', value: 4.25, unit: 'V', origin: 'cell' },
    { quantity: 'discharge_current', value: 20, unit: 'A', origin: 'cell' },
    { quantity: 'charge_temp_max', value: 31, unit: '°C', origin: 'channel' },
    { quantity: 'hot', value: 'temp > 45 °C', unit: '', origin: 'flow' },
  ],
  steps: [{ step_id: 'charge', title: 'charge', kind: 'charge', cycle: 1, start_s: 0, end_s: 60, duration_s: 60, ah: 0.05, ended_by: 'taper', verdict: 'pass' }],
  curve: { t: [0, 60], voltage: [3.7, 4.2], current: [1.25, 0.1], temp: [25, 26] },
  findings: [],
}
const job = (state: Job<Prediction>['state'], more: Partial<Job<Prediction>> = {}): Job<Prediction> => ({ id: '7', kind: 'preflight', state, progress: 0, message: '', error: null, result: null, ...more })
const answers: Job<Prediction>[] = []
const calls: { method: string; path: string; body: unknown }[] = []

beforeEach(() => {
  setLocale('en')
  answers.length = calls.length = 0
  vi.useFakeTimers()
  vi.stubGlobal('fetch', async (path: string, options: RequestInit) => {
    calls.push({ method: options.method ?? '', path, body: options.body ? JSON.parse(String(options.body)) : undefined })
    const answer = options.method === 'DELETE' ? job('cancelled') : (answers.shift() ?? job('running', { progress: 0.5 }))
    return new Response(JSON.stringify(answer), { status: 200 })
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const panel = () => mount(PreflightPanel, { props: { request: { sequence: 'check', bindings: { channel: 'CH1' }, parameters: { cycles: 3 } } } })
const press = async (view: ReturnType<typeof panel>, name: string) => {
  await view.findAll('button').find((button) => button.text() === name)?.trigger('click')
  await flushPromises()
}
const later = async () => {
  await vi.advanceTimersByTimeAsync(450)
  await flushPromises()
}

test('a prediction is followed, shown, and its id given until the request changes', async () => {
  answers.push(job('waiting'), job('running', { progress: 0.4, message: '6.2 h, discharge' }), job('done', { progress: 1, result: found }))
  const view = panel()
  await view.find('input').setValue('40')
  await press(view, 'Pre-flight')
  expect(calls[0]).toMatchObject({ method: 'POST', path: '/api/runs/preflight', body: { sequence: 'check', soc: 0.4, parameters: { cycles: 3 } } })
  await later()
  expect(view.find('[role=progressbar]').attributes('aria-valuenow')).toBe('40')
  expect(view.text()).toContain('6.2 h, discharge')
  await later()
  expect(view.find('.chart').exists()).toBe(true)
  expect(view.text()).toContain('28.01 Wh')
  expect(view.text()).toContain('48 % (measured)')
  expect(view.emitted('update:prediction')?.at(-1)).toEqual(['7'])
  await view.setProps({ request: { sequence: 'check', bindings: { channel: 'CH1' }, parameters: { cycles: 4 } } })
  expect(view.text()).toContain('predict again')
  expect(view.emitted('update:prediction')?.at(-1)).toEqual([''])
})

test('a prediction nobody waits for is cancelled', async () => {
  const view = panel()
  await press(view, 'Pre-flight')
  await later()
  view.unmount()
  await flushPromises()
  expect(calls.at(-1)).toMatchObject({ method: 'DELETE', path: '/api/simulations/7' })
  const before = calls.length
  await later()
  expect(calls.length).toBe(before)
})

test('a failed prediction says why', async () => {
  answers.push(job('failed', { error: { code: 'NOT_PREDICTABLE', message: 'the instruments have no simulated cell' } }))
  const view = panel()
  await press(view, 'Pre-flight')
  expect(view.find('[role=alert]').text()).toContain('no simulated cell')
})

test('a state of charge above 100 % cannot be asked for', async () => {
  const view = panel()
  await view.find('input').setValue('140')
  expect(view.find('button').attributes('disabled')).toBeDefined()
})

test('limits near the curve are lines, others are not', () => {
  expect(limitLines(found).map((line) => [line.unit, line.value])).toEqual([['V', 4.25], ['°C', 31]])
  const driven = { ...found, limits: [{ quantity: 'discharge_current', value: 3, unit: 'A', origin: 'cell' }] }
  expect(limitLines(driven)).toEqual([{ label: 'Discharge current limit', unit: 'A', value: -3 }])
})

test('findings are told in the language of the page', () => {
  const guard = { code: 'guard-end', severity: 'warning' as const, message: 'm', hint: '', step: 's', args: { name: 'charge', end: 'time', seconds: 14_400 }, times: 3 }
  expect(findingText(guard)).toBe('charge: ends by its guard “time”, not by the end that is meant. (3×)')
  setLocale('de')
  expect(findingText(guard)).toContain('endet durch seine Absicherung')
  expect(findingText({ ...guard, code: 'soc-assumed', args: { soc: 0.5 }, times: 1 })).toContain('50 %')
  expect(findingText({ ...guard, code: 'unheard-of', times: 1 })).toBe('m')
})
