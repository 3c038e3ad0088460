import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createApp, nextTick, shallowRef } from 'vue'
import type { Run, RunStep } from '@/api/types'
import { setClock } from '@/stores/clock'
import { useTraceTime, type TraceTime } from './useTraceTime'

const run = shallowRef({ state: 'running', started: 100, ended: null } as Run)
const steps = shallowRef([{ started: 100, ended: null } as RunStep])
let time: TraceTime
const pass = async (ms: number) => {
  vi.advanceTimersByTime(ms)
  await nextTick()
}

beforeEach(() => {
  vi.useFakeTimers()
  setClock({ now: 110, virtual: false, speed: null } as Parameters<typeof setClock>[0])
  run.value = { state: 'running', started: 100, ended: null } as Run
  steps.value = [{ started: 100, ended: null } as RunStep]
  createApp({ setup: () => ((time = useTraceTime(() => run.value, () => steps.value)), () => null) }).mount(document.createElement('div'))
})
afterEach(() => vi.useRealTimers())

it('goes along with a run while it stands at the edge', async () => {
  expect(time.at.value).toBeCloseTo(10, 1)
  await pass(5000)
  expect(time.at.value).toBeCloseTo(15, 1)
})
it('keeps the place a hand gave it, until the hand brings it back', async () => {
  time.slide(4)
  await pass(5000)
  expect([time.at.value, time.isFollowing.value]).toEqual([4, false])
  time.slide(time.length.value * 0.999)
  await pass(5000)
  expect(time.at.value).toBeCloseTo(20, 1)
})
it('stands at the end when the run is over, and says so', async () => {
  run.value = { state: 'finished', started: 100, ended: 130 } as Run
  steps.value = [{ started: 100, ended: 130 } as RunStep]
  await nextTick()
  expect([time.at.value, time.isOn.value, time.isOver.value]).toEqual([30, false, true])
})
it('goes exactly to a short last step', async () => {
  run.value = { state: 'finished', started: 100, ended: 10_100 } as Run
  steps.value = [{ started: 100, ended: 10_099 } as RunStep, { started: 10_099, ended: 10_100 } as RunStep]
  await nextTick()
  time.move(9999.001)
  expect([time.at.value, time.isFollowing.value]).toEqual([9999.001, false])
})
