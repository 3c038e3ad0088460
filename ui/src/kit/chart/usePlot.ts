/** The life of a uPlot chart: built in its host, as large as that, built anew for theme and language, ended; and what its legend says. */
import uPlot from 'uplot'
import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import { theme } from '@/app/theme'
import { locale } from '@/i18n'
import { seriesText, timeText, type ChartAxis, type ChartSeries } from './options'

export interface Size {
  width: number
  height: number
}

export interface PlotSetup {
  series: () => ChartSeries[]
  axis: () => ChartAxis
  size: (host: HTMLElement) => Size
  /** How it is built; `built` hears that it was. */
  options: (size: Size) => uPlot.Options
  built: () => void
  /** What else it is built anew for. */
  anew: () => (number | boolean)[]
}

/** In joined curves a time belongs to some of them: the others show their value before it; null is a gap. */
export function valueAt(column: uPlot.AlignedData[number] | undefined, at: number | null): number | null {
  if (!column) return null
  for (let place = at ?? column.length - 1; place >= 0; place -= 1) {
    const value = column[place]
    if (value !== undefined) return value
  }
  return null
}

export function usePlot(host: Readonly<Ref<HTMLElement | null>>, setup: PlotSetup) {
  let chart: uPlot | null = null
  let data: uPlot.AlignedData = [[]]
  let watcher: ResizeObserver | null = null
  const time = ref('')
  const values = ref<string[]>([])
  const hidden = ref<boolean[]>([])

  function build(): void {
    const target = host.value
    if (!target) return
    const series = setup.series()
    chart?.destroy()
    if (data.length !== series.length + 1) data = [[], ...series.map(() => [])] as uPlot.AlignedData
    chart = new uPlot(setup.options(setup.size(target)), data, target)
    hidden.value = series.map(() => false)
    setup.built()
    showValues()
  }

  /** Without a cursor the latest value of each curve. */
  function showValues(): void {
    const at = chart?.cursor.idx ?? null
    const stamp = at === null ? undefined : data[0]?.[at]
    time.value = stamp === undefined ? '' : timeText(setup.axis(), stamp)
    values.value = setup.series().map((series, place) => seriesText(series, valueAt(data[place + 1], at)))
  }

  function toggle(place: number): void {
    const gone = !hidden.value[place]
    hidden.value = hidden.value.map((before, other) => (other === place ? gone : before))
    chart?.setSeries(place + 1, { show: !gone })
  }

  /** Keeps the data, and draws them as `work` says once the chart is there. */
  function draw(next: uPlot.AlignedData, work: (u: uPlot) => void): void {
    data = next
    const drawn = chart
    if (!drawn) return
    drawn.batch(() => work(drawn))
    showValues()
  }

  function fit(): void {
    if (!chart || !host.value?.clientWidth) return
    const size = setup.size(host.value)
    if (Math.abs(size.width - chart.width) > 1 || Math.abs(size.height - chart.height) > 1) chart.setSize(size)
  }

  onMounted(() => {
    build()
    watcher = new ResizeObserver(fit)
    if (host.value) watcher.observe(host.value)
  })
  watch([theme, locale, () => JSON.stringify(setup.series()), setup.axis, () => setup.anew().join()], build)
  onBeforeUnmount(() => {
    watcher?.disconnect()
    chart?.destroy()
    chart = null
  })
  return { chart: () => chart, data: () => data, time, values, hidden, toggle, draw, legend: { hooks: { setCursor: showValues } } satisfies uPlot.Plugin }
}
