/** Names for completion in expressions: quantities of the channel, the step, and every entity of the bench. */
import { useDevices } from '@/stores/devices'
import type { Names } from './editor/completion'

const GENERAL: [string, string][] = [
  ['voltage', 'V'], ['current', 'A'], ['power', 'W'], ['temp', '°C'],
  ['step.time', 's'], ['step.ah', 'Ah'], ['step.wh', 'Wh'], ['cycle.number', ''], ['run.time', 's'], ['run.net_ah', 'Ah'],
  ['cell.capacity', 'Ah'],
]

export function usePointNames(): Names {
  const devices = useDevices()
  return () => [
    ...GENERAL.map(([label, detail]) => ({ label, detail })),
    ...devices.list.flatMap((device) => device.entities.map((entity) => ({ label: `${device.id}.${entity.id}`, detail: `${entity.name} ${entity.unit ?? ''}`.trim() }))),
  ]
}
