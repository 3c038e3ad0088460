/** The run's curve: stored part first, live samples of its channel appended, thinned when it grows. */
import type uPlot from 'uplot'
import { onBeforeUnmount, watch } from 'vue'
import { runsApi } from '@/api/endpoints'
import type { Run } from '@/api/types'
import { valuesOf } from '@/kit/seriesValues'
import { useBench } from '@/stores/bench'
import { useRuns } from '@/stores/runs'
import { onSamples, want } from '@/stores/samples'

const QUANTITIES = ['voltage', 'current', 'temp'] as const
const PAINT_MS = 500
const AT_MOST = 20_000
const AGAIN_MS = 4000

type Column = (number | null)[]

export class CurveBuffer {
  t: number[] = []
  columns: Column[] = QUANTITIES.map(() => [])

  fill(t: number[], columns: Column[]): void {
    const last = t.at(-1) ?? -Infinity
    const keep = this.t.findIndex((time) => time > last)
    const newer = (list: Column) => (keep < 0 ? [] : list.slice(keep))
    this.columns = columns.map((column, place) => [...column, ...newer(this.columns[place] ?? [])])
    this.t = [...t, ...(newer(this.t) as number[])]
  }

  add(time: number, values: Column): boolean {
    if (time <= (this.t.at(-1) ?? -Infinity)) return false
    this.t.push(time)
    values.forEach((value, place) => this.columns[place]?.push(value))
    if (this.t.length > AT_MOST) this.thin()
    return true
  }

  /** Every second point of the older half goes; the newer half stays as it is. */
  private thin(): void {
    const half = this.t.length / 2
    const keep = (_: unknown, place: number) => place > half || place % 2 === 0
    this.t = this.t.filter(keep)
    this.columns = this.columns.map((column) => column.filter(keep))
  }
}

export function useCurve(run: () => Run, paint: (data: uPlot.AlignedData) => void): void {
  const buffer = new CurveBuffer()
  const bench = useBench()
  const runs = useRuns()
  let again = 0
  let dirty = false
  let leave: (() => void)[] = []

  async function load(): Promise<void> {
    const curve = await runsApi.curve(run().id).catch(() => null)
    if (!curve) return
    buffer.fill(curve.t, QUANTITIES.map((name) => valuesOf(curve[name])))
    dirty = true
  }

  function follow(): void {
    leave.forEach((stop) => stop())
    leave = []
    const channel = run().bindings?.channel
    if (!channel || run().state === 'finished' || run().state === 'held') return // what flows while it is held is not of the run
    const points = QUANTITIES.map((name) => `${channel}.${name}`)
    const stop = onSamples((values) => {
      const present = points.map((point) => values[point])
      const time = present[0]?.[1]
      if (time === undefined) return
      dirty = buffer.add(time, present.map((sample) => (typeof sample?.[0] === 'number' ? sample[0] : null))) || dirty
    })
    leave = [want(points), stop]
  }

  const timer = window.setInterval(() => {
    if (!dirty || document.hidden) return
    dirty = false
    const zero = run().started ?? buffer.t[0] ?? 0
    paint([buffer.t.map((time) => time - zero), ...buffer.columns] as uPlot.AlignedData)
  }, PAINT_MS)

  /** What is stored is finer than live frames of a fast bench: it replaces them when a step ended or the link is back. */
  function refine(): void {
    if (again) return
    again = window.setTimeout(async () => {
      await load()
      again = 0
    }, AGAIN_MS)
  }

  const key = () => `${run().state}/${run().bindings?.channel ?? ''}`
  watch(key, () => { follow(); void load() }, { immediate: true })
  watch([() => runs.progressed, () => bench.link === 'online'], refine)
  onBeforeUnmount(() => {
    window.clearTimeout(again)
    leave.forEach((stop) => stop())
    window.clearInterval(timer)
  })
}
