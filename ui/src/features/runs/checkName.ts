/** Names of checks in the language of the page; the device that follows the name stays. */
import { textOr } from '@/i18n'
import { QUANTITIES, t } from './messages'

export function checkName(name: string): string {
  const [first = '', ...rest] = name.split(' ')
  const known = [`c_${name.replaceAll(' ', '_')}`, `c_${first}`].find((key) => QUANTITIES.includes(key))
  if (!known) return name
  return known === `c_${first}` ? [textOr(t, known, QUANTITIES), ...rest].join(' ') : textOr(t, known, QUANTITIES)
}
