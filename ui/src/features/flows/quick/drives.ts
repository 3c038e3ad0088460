/** Charging and discharging from a few quantities, with the ends a careful person would write. */
import type { PlainMap } from '../model/graph'
import { quantity, wordsOf, type Quantity } from './quantities'

export interface Asked {
  current?: Quantity
  /** A second current: where the charge tapers off. */
  taper?: Quantity
  voltage?: Quantity
  power?: Quantity
  resistance?: Quantity
  time?: Quantity
  charge?: Quantity
}

/** Sorts quantities by what they measure; a word that is none is returned as text. */
export function asked(rest: string): Asked | string {
  const found: Asked = {}
  for (const word of wordsOf(rest)) {
    const one = quantity(word)
    if (!one || one.dimension === 'none' || one.value <= 0) return word
    const slot = one.dimension === 'rate' || one.dimension === 'current' ? (found.current ? 'taper' : 'current') : one.dimension
    if (!['current', 'taper', 'voltage', 'power', 'resistance', 'time', 'charge'].includes(slot) || found[slot as keyof Asked]) return word
    found[slot as keyof Asked] = one
  }
  return found
}

/** The longest a step may take: from its C-rate, else half a day. */
function longest(current: Quantity | undefined, full: number, more: number): string {
  if (current?.dimension !== 'rate') return '12 h'
  const hours = Math.ceil((full / current.value + more) * 2) / 2
  return Number.isInteger(hours) ? `${hours} h` : hours < 3 ? `${hours * 60} min` : `${Math.ceil(hours)} h`
}

const bound = (want: Asked, full: number, more: number): PlainMap => ({ name: 'time', when: `step.time > ${want.time?.text ?? longest(want.current, full, more)}`, ...(want.time ? {} : { verdict: 'fail' }) })
const byCharge = (want: Asked): PlainMap[] => (want.charge ? [{ name: 'charge', when: `step.ah >= ${want.charge.text}` }] : [])
const only = (map: Record<string, Quantity | undefined>): PlainMap => Object.fromEntries(Object.entries(map).flatMap(([key, one]) => (one ? [[key, one.text]] : [])))

/** The current when none is given. */
const half = (): Quantity | undefined => quantity('0.5C') ?? undefined

/** A current below which a charge at constant voltage is over. */
function taperEnd(want: Asked): PlainMap {
  return { name: 'taper', phase: 'cv', when: `current < ${want.taper?.text ?? '0.05 C'}`, for: '10 s' }
}

/** CC-CV with a current and a voltage (`cc` brings a current of its own), CC with a current, CV with a voltage, CP with a power. */
export function charge(rest: string, word = ''): PlainMap | string {
  const want = asked(rest)
  if (typeof want === 'string') return want
  if (want.resistance) return want.resistance.text
  const isOpen = word.startsWith('cc') ? !want.power : !want.power && !want.voltage
  const current = want.current ?? (isOpen ? half() : undefined)
  const full = { ...want, current }
  const top: PlainMap[] = want.voltage ? (want.power ? [{ name: 'full', when: `voltage >= ${want.voltage.text}` }] : [taperEnd(want)]) : [{ name: 'full', when: 'voltage >= cell.charge_voltage', samples: '2' }]
  return { id: 'charge', charge: only({ current, voltage: want.voltage, power: want.power }), until: [...top, ...byCharge(want), bound(full, 1.25, 1.5)] }
}

function bottomEnd(want: Asked, holds: boolean): PlainMap {
  if (holds) return { name: 'taper', phase: 'cv', when: `abs(current) < ${want.taper?.text ?? ''}`, for: '10 s' }
  return { name: 'cutoff', when: `voltage <= ${want.voltage?.text ?? 'cell.cutoff_voltage'}`, samples: '2' }
}

/** The voltage ends it; with a second current it is held there until the current has fallen to that. */
export function discharge(rest: string): PlainMap | string {
  const want = asked(rest)
  if (typeof want === 'string') return want
  const given = want.current ?? want.power ?? want.resistance
  const current = given ? want.current : half()
  const holds = Boolean(want.taper && want.voltage)
  return {
    id: 'discharge', discharge: only({ current, power: want.power, resistance: want.resistance, voltage: holds ? want.voltage : undefined }),
    until: [bottomEnd(want, holds), ...byCharge(want), bound({ ...want, current }, 1.2, 0)],
  }
}

/** A duration at the beginning, or the default. */
export function duration(rest: string, otherwise: string): string | null {
  if (!rest.trim()) return otherwise
  const found = quantity(rest) ?? quantity(wordsOf(rest).join(''))
  if (rest.trim().startsWith('$')) return rest.trim()
  if (!found || found.value < 0) return null
  if (found.dimension === 'none') return `${found.text} min`
  return found.dimension === 'time' ? found.text : null
}

