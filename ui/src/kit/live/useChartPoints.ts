/** Which points the live chart can show and which it shows; the choice is kept per project in this browser. */
import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
import { CHANNEL_QUANTITIES } from '@/kit/channel'
import { useDevices } from '@/stores/devices'
import { t } from './messages'

export interface PointInfo {
  point: string
  label: string
  group: string
  unit: string
  precision: number | null
  channel: boolean
  /** A measured quantity; set points are not what a person wants to see first. */
  measured: boolean
}

const AT_MOST = 8
const MEASURED = /^(measured|sense|battery)_|^temperature$/
const NAMES: Record<string, 'voltage' | 'current' | 'power' | 'temp' | 'charge'> = { voltage: 'voltage', current: 'current', power: 'power', temp: 'temp', ah: 'charge' }
const quantityName = (id: string) => (NAMES[id] ? t(NAMES[id]) : id)

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
      CHANNEL_QUANTITIES.map(({ id, unit, precision }) => ({ point: `${channel}.${id}`, label: `${channel} ${quantityName(id)}`, group: channel, unit, precision, channel: true, measured: true })),
    )
    const ofDevices = devices.list.flatMap((device) =>
      device.entities
        .filter((entity) => entity.kind === 'numeric')
        .map((entity) => ({ point: `${device.id}.${entity.id}`, label: `${device.id} ${entity.name}`, group: device.id, unit: entity.unit ?? '', precision: entity.precision, channel: false, measured: entity.access === 'RO' || MEASURED.test(entity.role ?? '') })),
    )
    return [...ofChannels, ...ofDevices]
  })

  /** Without a choice of one's own: the channel, else the first measured values. */
  watch(
    all,
    (points) => {
      if (saved || !points.length) return
      const channel = points.filter((item) => item.channel && /\.(voltage|current|temp)$/.test(item.point)).slice(0, 3)
      const byRole = [...points].sort((a, b) => Number(b.measured) - Number(a.measured))
      chosen.value = (channel.length ? channel : byRole.slice(0, 3)).map((item) => item.point)
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
