/** Devices of the open project: manifests and states. Their values live in `stores/samples`. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Device, DeviceState } from '@/api/types'
import { seedSamples } from './samples'

export type StateChange = { state: DeviceState; hint?: string | null } & Partial<Pick<Device, 'needs_rearm' | 'retry_at' | 'note' | 'guarded'>>

export const useDevices = defineStore('devices', () => {
  const byId = ref<Record<string, Device>>({})
  const list = computed(() => Object.values(byId.value))
  const troubled = computed(() => list.value.filter((device) => ['offline', 'error', 'degraded'].includes(device.state)))

  function adopt(devices: Device[]): void {
    byId.value = Object.fromEntries(devices.map((device) => [device.id, device]))
    seedSamples(devices)
  }

  function put(device: Device): void {
    byId.value[device.id] = device
    seedSamples([device])
  }

  /** What a request answered: what goes on in the device is told by events, which may have come first. */
  function answer(device: Device): void {
    const known = byId.value[device.id]
    if (!known) return put(device)
    const { state, hint, retry_at, needs_rearm, note } = known
    byId.value[device.id] = { ...device, state, hint, retry_at, needs_rearm, note }
  }

  function remove(id: string): void {
    delete byId.value[id]
  }

  /** A change of state also brings what goes with it: lock, next try, note. */
  function setState(id: string, { state, hint, ...more }: StateChange): void {
    const device = byId.value[id]
    if (!device) return
    Object.assign(device, { retry_at: null }, more, { state, hint: hint ?? null, enabled: state !== 'disabled' })
  }

  return { byId, list, troubled, adopt, put, answer, remove, setState }
})
