import { describe, expect, it } from 'vitest'
import type { History } from '@/api/types'
import { ChartData, trackOf, type ChartSource, type Range } from './chartData'

const POINT = 'PSU_01.u'
const empty: History = { device: 'PSU_01', start: 0, end: 0, resolution_s: 0, t: [], series: {} }

/** A server that recorded one sample a second from 0 to `recorded` and remembers those from `memory` to 1000. */
function server(memory = 400, recorded = 1000) {
  const asked: { range: Range; points: number }[] = []
  const seconds = (from: number, to: number) => Array.from({ length: Math.max(0, Math.floor(to) - Math.ceil(from) + 1) }, (_, at) => Math.ceil(from) + at)
  const source: ChartSource = {
    parts: (point) => point.split('.') as [string, string],
    recent: async (): Promise<History> => ({ ...empty, series: memory > 1000 ? {} : { u: { t: seconds(memory, 1000), v: seconds(memory, 1000) } } }),
    history: async (_device, _entities, range, points) => {
      asked.push({ range, points })
      const t = seconds(Math.max(0, range[0]), Math.min(recorded, range[1]))
      if (t.length <= points) return { ...empty, t, series: { u: { v: t } } }
      const width = t.length / points
      const middles = Array.from({ length: points }, (_, at) => (t[0] ?? 0) + (at + 0.5) * width)
      return { ...empty, resolution_s: width, t: middles, series: { u: { min: middles.map((m) => m - width / 2), max: middles.map((m) => m + width / 2), avg: middles } } }
    },
  }
  return { source, asked }
}

async function opened(memory?: number, recorded?: number) {
  const made = server(memory, recorded)
  const data = new ChartData([POINT], made.source, () => undefined)
  await data.remember()
  return { ...made, data }
}

describe('what a chart knows', () => {
  it('asks history for nothing that the memory of the server holds', async () => {
    const { data, asked } = await opened()
    await data.ensure([500, 1000], 500, 1000, true)
    expect(asked).toEqual([])
    expect(data.track(POINT, [500, 1000]).t.length).toBeGreaterThan(500)
  })

  it('joins history, memory and live samples without a double and without a hole', async () => {
    const { data } = await opened()
    data.append({ [POINT]: [1001, 1001, 'good', 'NORMAL'] })
    await data.ensure([0, 1001], 1100, 1001, true)
    const { t, v } = data.track(POINT, [0, 1001])
    expect(t).toEqual(Array.from({ length: 1002 }, (_, at) => at))
    expect(v).toEqual(t)
  })

  it('asks again at a finer resolution when a person zooms in, and not when it has every sample', async () => {
    const { data, asked } = await opened(900)
    await data.ensure([0, 1000], 100, 1000, false, 0)
    await data.ensure([300, 340], 100, 1000, false, 1)
    await data.ensure([310, 320], 100, 1000, false, 2)
    expect(asked.map(({ range }) => range)).toEqual([[-500, 1000], [280, 360]])
    expect(data.track(POINT, [310, 320]).t.filter((t) => t <= 320)).toEqual([309, 310, 311, 312, 313, 314, 315, 316, 317, 318, 319, 320])
  })

  it('asks for the end of a running view only now and then when nothing comes live', async () => {
    const { data, asked } = await opened(2000)
    await data.ensure([900, 1000], 100, 1000, true, 0)
    await data.ensure([900.1, 1000.1], 100, 1000.1, true, 100)
    expect(asked).toHaveLength(1)
    await data.ensure([903, 1003], 100, 1003, true, 3000)
    expect(asked).toHaveLength(2)
  })

  it('keeps what was never recorded, coarsely, when its memory is full', async () => {
    const { data } = await opened(2000, -1)
    for (let at = 0; at < 60_000; at += 1) data.append({ [POINT]: [at === 777 ? 99 : 1, at, 'good', 'NORMAL'] })
    const { t, v } = data.track(POINT, [0, 60_000])
    expect(t[0]).toBeLessThan(50)
    expect(Math.max(...v.map((value) => value ?? 0))).toBe(99)
    expect(t.length).toBeLessThan(25_000)
  })

  it('leaves a hole where nothing was measured', async () => {
    const { data } = await opened(2000, -1)
    for (const at of [1, 2, 3, 4, 60, 61, 62]) data.append({ [POINT]: [1, at, 'good', 'NORMAL'] })
    expect(data.track(POINT, [0, 100]).v.filter((value) => value === null)).toHaveLength(1)
  })

  it('says what went wrong, and tries again later', async () => {
    const { source } = server(2000)
    let broken = true
    const data = new ChartData([POINT], { ...source, history: (...asked) => (broken ? Promise.reject(new Error('no disk')) : source.history(...asked)) }, () => undefined)
    await data.ensure([0, 10], 100, 1000, false, 0)
    expect(data.problem).toBe('no disk')
    broken = false
    await data.ensure([0, 10], 100, 1000, false, 10)
    expect(data.problem).toBe('no disk')
    await data.ensure([0, 10], 100, 1000, false, 6000)
    expect(data.problem).toBe('')
  })

  it('draws both extremes of condensed history', () => {
    const track = trackOf({ min: [1, 2], max: [3, 4], avg: [2, 3] }, [10, 20], 10)
    expect(track).toEqual({ t: [7.5, 12.5, 17.5, 22.5], v: [1, 3, 2, 4] })
  })
})
