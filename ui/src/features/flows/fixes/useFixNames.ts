/** Names a fix may propose: what may stand in an expression of this project. */
import { FUNCTIONS } from '../panel/names'
import { usePointNames } from '../usePointNames'
import type { Names } from './fixes'

export function useFixNames(): () => Names {
  const points = usePointNames()
  return () => ({ names: [...points().map((one) => one.label), ...FUNCTIONS.map(([name]) => name.replace('(', ''))] })
}
