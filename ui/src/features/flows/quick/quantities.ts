/** Numbers with units as people type them: `1.5a`, `0,5 C`, `30m`; read by what they measure, written as files have them. */

import { UNITS, unitOf } from '../units'

export type Dimension = 'current' | 'rate' | 'voltage' | 'power' | 'time' | 'charge' | 'energy' | 'temp' | 'resistance' | 'none'

export interface Quantity {
  dimension: Dimension
  /** As a file has it: `1.5 A`. */
  text: string
  /** In A, C, V, W, s, Ah, Wh, °C or Ω. */
  value: number
}

const DIMENSIONS: Readonly<Record<string, Dimension>> = { A: 'current', C: 'rate', V: 'voltage', W: 'power', s: 'time', Ah: 'charge', Wh: 'energy', '°C': 'temp', K: 'temp', Ω: 'resistance' }
/** Only in a hurry: `r 30m`. */
const SHORT: Readonly<Record<string, string>> = { m: 'min', '°': '°C' }

/** Name in files, what it measures, and the factor to the coherent unit; null when nobody knows it. */
function known(typed: string): [string, Dimension, number] | null {
  const name = SHORT[typed.toLowerCase()] ?? unitOf(typed) ?? ''
  const [coherent, factor] = UNITS[name] ?? ['', 1]
  const dimension = DIMENSIONS[coherent]
  return dimension ? [name, dimension, factor] : null
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
  const unit = known(found[3] ?? '')
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
    const joins = before !== undefined && /^[+-]?[\d.,]+$/.test(before) && known(word) !== null
    return joins ? [...made.slice(0, -1), before + word] : [...made, word]
  }, [])
}
