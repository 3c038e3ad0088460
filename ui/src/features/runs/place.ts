/** Where a run is, from its path: loops with their round, without the words a person does not need. */
import { textOr } from '@/i18n'
import { formatNumber, formatQuantity } from '@/kit/format'
import { PHASES, t } from './messages'

export interface Round {
  loop: string
  /** `2/5`; `2` for a loop without a count. */
  text: string
}

const ROUND = /^(\d+)\/(\d+|\?)$/

/** `['rounds', '1/2', 'charge']` is round 1/2 of `rounds`; a loop nobody named is just "round". */
export function roundsOf(path: readonly string[]): Round[] {
  return path.flatMap((word, place) => {
    const found = ROUND.exec(word)
    if (!found) return []
    const loop = path[place - 1] ?? ''
    const text = found[2] === '?' ? (found[1] ?? '') : word
    return [{ loop: /^(repeat|loop)(-\d+)?$/.test(loop) || !loop ? t('loop') : loop, text }]
  })
}

/** The step a branch is in, with its rounds. */
export function branchText(path: readonly string[]): string {
  return path.filter((word) => !word.startsWith('|')).map((word) => (ROUND.test(word) ? word.replace('/?', '') : word)).join(' › ')
}

export function phaseText(phase: string): string {
  const key = `p_${phase}`
  return PHASES.includes(key) ? textOr(t, key, PHASES) : phase.toUpperCase()
}

/** `0.0417 ± 0.0002`: as many digits as the uncertainty has two significant ones, never more than `digits`. */
export function withUncertainty(value: number | null | undefined, u: number | undefined, digits: number): string {
  const text = formatNumber(value, digits)
  if (value === null || value === undefined || !u || !Number.isFinite(u)) return text
  const places = Math.min(digits + 1, Math.max(0, 1 - Math.floor(Math.log10(u))))
  return `${formatNumber(value, places)} ± ${formatNumber(u, places)}`
}

export function ohmText(ohm: number | null): string {
  return ohm !== null && Math.abs(ohm) < 1 ? formatQuantity(ohm * 1000, 'mΩ', 2) : formatQuantity(ohm, 'Ω', 3)
}
