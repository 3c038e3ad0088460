/** Names a fix may propose: what may stand in an expression of this project. */
import { useDevices } from '@/stores/devices'
import { FUNCTIONS } from '../panel/names'
import { usePointNames } from '../usePointNames'
import type { Names } from './fixes'

export function useFixNames(): () => Names {
  const points = usePointNames()
  const devices = useDevices()
  const channels = () => devices.list.filter((one) => one.category === 'channel').map((one) => one.id)
  return () => ({ channels: channels(), names: [...points().map((one) => one.label), ...FUNCTIONS.map(([name]) => name.replace('(', ''))] })
}
