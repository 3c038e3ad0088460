/** Names of the project a field can complete; asked for once, when the panel comes. */
import { computed, type ComputedRef } from 'vue'
import { cellsApi, channelsApi, flowsApi, scriptsApi } from '@/api/endpoints'
import type { CellType, Channel } from '@/api/types'
import { formatQuantity } from '@/kit/format'
import { useLoad } from '@/kit/useLoad'
import { useDevices } from '@/stores/devices'

export interface Option { name: string; detail: string }

const aboutCell = (cell: CellType): string => [cell.title, cell.chemistry, cell.capacity === null ? '' : formatQuantity(cell.capacity, 'Ah')].filter(Boolean).join(' · ')

export interface Named {
  named: Record<string, ComputedRef<Option[]>>
  channels: ComputedRef<Channel[]>
}

export function useNamed(): Named {
  const devices = useDevices()
  const channels = useLoad(() => channelsApi.list())
  const cells = useLoad(() => cellsApi.list())
  const scripts = useLoad(() => scriptsApi.list())
  const flows = useLoad(() => flowsApi.list())
  return {
    channels: computed(() => channels.data.value?.items ?? []),
    named: {
      channel: computed(() => channels.data.value?.items.map(({ id }) => ({ name: id, detail: '' })) ?? devices.list.filter((one) => one.category === 'channel').map(({ id }) => ({ name: id, detail: '' }))),
      cell: computed(() => cells.data.value?.items.map((cell) => ({ name: cell.id, detail: aboutCell(cell) })) ?? []),
      script: computed(() => scripts.data.value?.items.map(({ name }) => ({ name, detail: '' })) ?? []),
      flow: computed(() => flows.data.value?.items.map(({ id, title }) => ({ name: id, detail: title === id ? '' : title })) ?? []),
    },
  }
}
