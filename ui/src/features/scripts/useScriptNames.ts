/** What completion in scripts offers: the script API, the points and devices of the bench, flows with a sequence. */
import { shallowRef } from 'vue'
import { flowsApi, scriptsApi } from '@/api/endpoints'
import { useDevices } from '@/stores/devices'
import type { BenchName, ScriptNames } from './completion'
import { readStubs, type ApiFunction } from './stubs'

/** The API of a server does not change while a page is open. */
let known: Promise<ApiFunction[]> | null = null

export function useScriptNames(): ScriptNames {
  const devices = useDevices()
  const functions = shallowRef<ApiFunction[]>([])
  const sequences = shallowRef<BenchName[]>([])
  known ??= scriptsApi.stubs().then(({ stubs }) => readStubs(stubs))
  known.then((found) => (functions.value = found), () => (known = null))
  flowsApi.list().then(({ items }) => (sequences.value = items.filter((flow) => flow.kinds.includes('sequence')).map((flow) => ({ label: flow.id, detail: flow.title ?? '' }))), () => undefined)
  return {
    functions: () => functions.value,
    points: () => devices.list.flatMap((device) => device.entities.map((entity) => ({ label: `${device.id}.${entity.id}`, detail: `${entity.name} ${entity.unit ?? ''}`.trim(), writable: entity.access !== 'RO' }))),
    devices: () => devices.list.map((device) => ({ label: device.id, detail: device.alias ?? device.category })),
    sequences: () => sequences.value,
  }
}
