/** Values with units as people write them: read, checked against the unit that is asked for, and shown converted. */
import { formatNumber } from '@/kit/format'
import { UNITS, unitOf } from '../units'
import { tp } from './messages'

const PIECE = /^([+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[+-]?\d+)?)\s*([a-zµμ°Ω%]*)\s*/i

export interface Reading {
  /** As it is written into the file. */
  text: string
  /** In the unit that is asked for; null where it is a C-rate of a capacity nobody told, or an expression. */
  value: number | null
  problem: string
}

/** `1 h 30 min`, `1,5 A`, `500mA`: pieces of numbers with units; null when it is something else. */
function piecesOf(typed: string): { number: number; figure: string; unit: string }[] | null {
  const found = []
  for (let rest = typed.trim().replace('−', '-'); rest; ) {
    const match = PIECE.exec(rest)
    const unit = match ? (match[2] ? unitOf(match[2]) : '') : undefined
    if (!match || unit === undefined) return null
    const figure = (match[1] ?? '').replace(',', '.')
    found.push({ number: Number(figure), figure, unit })
    rest = rest.slice(match[0].length)
  }
  return found.length ? found : null
}

type Piece = NonNullable<ReturnType<typeof piecesOf>>[number]

/** The pieces as they are written; what somebody wrote properly stays as it is. */
function spell(typed: string, pieces: readonly Piece[], wanted: string): string {
  const isProper = !/,|\s{2}/.test(typed) && pieces.every((piece) => piece.unit && typed.includes(` ${piece.unit}`))
  return isProper ? typed : pieces.map((piece) => `${piece.figure} ${piece.unit || wanted}`).join(' ')
}

/** The sum in the wanted unit; null: a C-rate of a capacity nobody told. Another unit is a problem. */
function sumOf(pieces: readonly Piece[], wanted: string, capacity: number | null): { value: number | null; wrong: string } {
  let value: number | null = 0
  for (const { number, unit } of pieces) {
    const [kind, factor] = UNITS[unit || wanted] ?? ['', 1]
    const scale = kind === 'C' && wanted === 'A' ? capacity : kind === wanted ? factor : undefined
    if (scale === undefined) return { value: null, wrong: unit }
    value = value === null || scale === null ? null : value + number * scale
  }
  return { value, wrong: '' }
}

/** What somebody typed where a value in `wanted` is needed; a bare number is taken in that unit. */
export function readQuantity(typed: string, wanted: string, capacity: number | null = null): Reading {
  const trimmed = typed.trim()
  if (!trimmed || trimmed.startsWith('$')) return { text: trimmed, value: null, problem: '' }
  const pieces = piecesOf(trimmed)
  if (!pieces || (pieces.length > 1 && wanted !== 's')) return { text: trimmed, value: null, problem: tp('noQuantity', { unit: wanted }) }
  const { value, wrong } = sumOf(pieces, wanted, capacity)
  return { text: spell(trimmed, pieces, wanted), value, problem: wrong ? tp('wrongUnit', { unit: wrong, wanted }) : '' }
}

const digits = (value: number) => Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(Math.abs(value) || 1))))

/** The value in its coherent unit, where that is not what stands there already. */
export function converted(typed: string, wanted: string, capacity: number | null = null): string {
  const { value, text } = readQuantity(typed, wanted, capacity)
  if (value === null || text.endsWith(` ${wanted}`) && !text.includes(' ', text.indexOf(' ') + 1)) return ''
  return `${formatNumber(Number(value.toPrecision(6)), digits(value)).replace(/([.,]\d*?)0+$/, '$1').replace(/[.,]$/, '')} ${wanted}`
}
