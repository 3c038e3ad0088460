/** Numbers with units as people type them: `1.5a`, `0,5 C`, `30m`; read by what they measure, written as files have them. */

export type Dimension = 'current' | 'rate' | 'voltage' | 'power' | 'time' | 'charge' | 'energy' | 'temp' | 'resistance' | 'none'

export interface Quantity {
  dimension: Dimension
  /** As a file has it: `1.5 A`. */
  text: string
  /** In A, C, V, W, s, Ah, Wh, °C or Ω. */
  value: number
}

const UNITS: Record<string, [string, Dimension, number]> = {
  a: ['A', 'current', 1], ma: ['mA', 'current', 1e-3], c: ['C', 'rate', 1], v: ['V', 'voltage', 1], mv: ['mV', 'voltage', 1e-3], w: ['W', 'power', 1], mw: ['mW', 'power', 1e-3],
  s: ['s', 'time', 1], sec: ['s', 'time', 1], m: ['min', 'time', 60], min: ['min', 'time', 60], h: ['h', 'time', 3600], std: ['h', 'time', 3600], ms: ['ms', 'time', 1e-3],
  ah: ['Ah', 'charge', 1], mah: ['mAh', 'charge', 1e-3], wh: ['Wh', 'energy', 1], mwh: ['mWh', 'energy', 1e-3], '°c': ['°C', 'temp', 1], degc: ['°C', 'temp', 1], '°': ['°C', 'temp', 1], k: ['K', 'temp', 1],
  'ω': ['Ω', 'resistance', 1], ohm: ['Ω', 'resistance', 1], 'mω': ['mΩ', 'resistance', 1e-3], mohm: ['mΩ', 'resistance', 1e-3],
}
const SHAPE = /^([+\-−]?)(\d+(?:[.,]\d*)?|[.,]\d+)\s*([a-zµ°ωΩ]*)$/iu

/** The digits as written, with a point and no bare one at either side. */
function digits(text: string): string {
  const plain = text.replace(',', '.')
  return plain.replace(/^\./, '0.').replace(/\.$/, '')
}

/** Null: no number, or a unit nobody knows. */
export function quantity(text: string): Quantity | null {
  const found = SHAPE.exec(text.trim())
  if (!found) return null
  const sign = found[1] && found[1] !== '+' ? '-' : ''
  const number = digits(found[2] ?? '')
  const unit = UNITS[(found[3] ?? '').toLowerCase()]
  if (found[3] && !unit) return null
  const value = Number(sign + number)
  return unit ? { text: `${sign}${number} ${unit[0]}`, dimension: unit[1], value: value * unit[2] } : { text: sign + number, dimension: 'none', value }
}

/** The same number, meant as this: `45` and `45c` are °C beside a temperature. */
export function meant(text: string, as: Dimension): string {
  const found = quantity(text)
  if (!found) return text.trim()
  const number = /^\S+/.exec(found.text)?.[0] ?? ''
  const unit = { current: 'A', voltage: 'V', power: 'W', time: 's', charge: 'Ah', temp: '°C', resistance: 'Ω', rate: 'C', energy: 'Wh', none: '' }[as]
  const isBare = found.dimension === 'none' || (as === 'temp' && found.dimension === 'rate')
  return isBare && unit ? `${number} ${unit}` : found.text
}

/** Words; a number and the unit behind it are one. */
export function wordsOf(text: string): string[] {
  const words = text.trim().split(/\s+/).filter(Boolean)
  return words.reduce<string[]>((made, word) => {
    const before = made.at(-1)
    const joins = before !== undefined && /^[+-]?[\d.,]+$/.test(before) && Object.hasOwn(UNITS, word.toLowerCase())
    return joins ? [...made.slice(0, -1), before + word] : [...made, word]
  }, [])
}
