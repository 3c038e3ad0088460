/** Everything the palette offers: pages, actions with their keys, devices, flows, runs. */
import { mdiAlertOutline, mdiChip, mdiFileDocumentOutline, mdiLightningBolt, mdiPlayBoxOutline } from '@mdi/js'
import { computed, shallowRef, type ComputedRef } from 'vue'
import { useRouter } from 'vue-router'
import { flowsApi } from '@/api/endpoints'
import type { FlowItem } from '@/api/types'
import { shortcuts } from '@/kit/shortcuts'
import { useAlarms } from '@/stores/alarms'
import { useDevices } from '@/stores/devices'
import { useRuns } from '@/stores/runs'
import { features } from '../features'
import { t } from '../messages'

export interface Command {
  id: string
  label: string
  group: string
  icon: string
  keys?: string
  run: () => void
}

export function useCommands(): { commands: ComputedRef<Command[]>; refresh: () => void } {
  const router = useRouter()
  const devices = useDevices()
  const runs = useRuns()
  const alarms = useAlarms()
  const flows = shallowRef<FlowItem[]>([])
  const go = (to: string) => () => void router.push(to).catch(() => undefined)

  const pages = computed<Command[]>(() => features.filter((feature) => feature.path).map((feature) => ({ id: `page ${feature.name}`, label: feature.title(), group: t('groupPages'), icon: feature.icon, keys: shortcuts.value.find((one) => one.id === `go ${feature.name}`)?.keys, run: go(feature.path ?? '/') })))
  const actions = computed<Command[]>(() => shortcuts.value.filter((one) => one.run && !one.id.startsWith('go ')).map((one) => ({ id: one.id, label: one.title(), group: t('groupActions'), icon: mdiLightningBolt, keys: one.keys, run: () => one.run?.() })))
  const things = computed<Command[]>(() => [
    ...devices.list.filter((device) => device.category !== 'channel').map((device) => ({ id: `device ${device.id}`, label: t('editDevice', { name: device.alias && device.alias !== device.id ? `${device.alias} (${device.id})` : device.id }), group: t('devices'), icon: mdiChip, run: go(`/devices?edit=${encodeURIComponent(device.id)}`) })),
    ...flows.value.map((flow) => ({ id: `flow ${flow.id}`, label: flow.title || flow.id, group: t('groupFlows'), icon: mdiFileDocumentOutline, run: go(`/flows/${encodeURIComponent(flow.id)}`) })),
    ...runs.list.slice(0, 20).map((run) => ({ id: `run ${run.id}`, label: `${run.title} · ${run.id}`, group: t('groupRuns'), icon: mdiPlayBoxOutline, run: go(`/runs/${run.id}`) })),
    ...alarms.shown.slice(0, 10).map((alarm) => ({ id: `alarm ${alarm.key}`, label: alarm.text, group: t('groupAlarms'), icon: mdiAlertOutline, run: go('/alarms') })),
  ])

  function refresh(): void {
    flowsApi.list().then((found) => (flows.value = found.items), () => undefined)
  }
  return { commands: computed(() => [...pages.value, ...actions.value, ...things.value]), refresh }
}
