/** Reads what a person typed into the start dialog. */
import type { FlowParameter, Scalar } from '@/api/types'
import { parseNumber } from '@/kit/parseNumber'

const bound = (text: FlowParameter['min']): number | null => (text === null ? null : typeof text === 'number' ? text : parseNumber(text))

/** A parameter with a number as default wants a number inside its range; others may be text (`0.5 C`). */
export function readParameter(parameter: FlowParameter, text: string): { value: Scalar; ok: boolean } {
  const number = parseNumber(text)
  const [min, max, usual] = [bound(parameter.min), bound(parameter.max), bound(parameter.default)]
  if (number === null) return { value: text.trim(), ok: Boolean(text.trim()) && usual === null }
  return { value: number, ok: (min === null || number >= min) && (max === null || number <= max) }
}

/** `name: value` lines; a line without a colon is a note. */
export function parseConditions(text: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const line of text.split('\n').map((part) => part.trim()).filter(Boolean)) {
    const cut = line.indexOf(':')
    if (cut > 0) found[line.slice(0, cut).trim()] = line.slice(cut + 1).trim()
    else found.note = found.note ? `${found.note}; ${line}` : line
  }
  return found
}
