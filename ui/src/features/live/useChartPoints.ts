/** Which points the live chart can show and which it shows; the choice is kept per project in this browser. */
import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
import { CHANNEL_QUANTITIES } from '@/kit/channel'
import { useDevices } from '@/stores/devices'

export interface PointInfo {
  point: string
  label: string
  group: string
  unit: string
  precision: number | null
  channel: boolean
}

const AT_MOST = 8

function stored(key: string): string[] | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    return Array.isArray(value) ? value.map(String).slice(0, AT_MOST) : null
  } catch {
    return null
  }
}

export function useChartPoints(channels: () => string[], project: string): {
  all: ComputedRef<PointInfo[]>
  chosen: Ref<string[]>
  toggle: (point: string) => void
} {
  const devices = useDevices()
  const key = `ionpy.live.points.${project}`
  const saved = stored(key)
  const chosen = ref<string[]>(saved ?? [])

  const all = computed<PointInfo[]>(() => {
    const ofChannels = channels().flatMap((channel) =>
      CHANNEL_QUANTITIES.map(({ id, unit, precision }) => ({ point: `${channel}.${id}`, label: `${channel} ${id}`, group: channel, unit, precision, channel: true })),
    )
    const ofDevices = devices.list.flatMap((device) =>
      device.entities
        .filter((entity) => entity.kind === 'numeric')
        .map((entity) => ({ point: `${device.id}.${entity.id}`, label: `${device.id} ${entity.id}`, group: device.id, unit: entity.unit ?? '', precision: entity.precision, channel: false })),
    )
    return [...ofChannels, ...ofDevices]
  })

  /** Without a choice of one's own: the channel, else the first measured values. */
  watch(
    all,
    (points) => {
      if (saved || !points.length) return
      const channel = points.filter((item) => item.channel && /\.(voltage|current|temp)$/.test(item.point)).slice(0, 3)
      chosen.value = (channel.length ? channel : points.slice(0, 3)).map((item) => item.point)
    },
    { immediate: true },
  )

  function toggle(point: string): void {
    const rest = chosen.value.filter((item) => item !== point)
    chosen.value = rest.length < chosen.value.length ? rest : [...rest, point].slice(-AT_MOST)
    localStorage.setItem(key, JSON.stringify(chosen.value))
  }

  return { all, chosen, toggle }
}
