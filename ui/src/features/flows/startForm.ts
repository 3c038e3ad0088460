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

/** What a run is about besides its channel, as the server knows it: first what is always asked, then what is rarely needed. */
export const USUAL = ['cell_id', 'batch'] as const
export const RARE = ['cell', 'capacity', 'mass'] as const

/** Only what was filled in is bound. */
export function boundTo(channel: string, subject: Record<string, string>): Record<string, string> {
  const filled = [...USUAL, ...RARE].flatMap((name) => (subject[name]?.trim() ? [[name, subject[name].trim()] as const] : []))
  return { ...(channel ? { channel } : {}), ...Object.fromEntries(filled) }
}

/** The conditions with who stands at the bench. */
export function conditionsOf(text: string, operator: string): Record<string, string> {
  return { ...(operator.trim() ? { operator: operator.trim() } : {}), ...parseConditions(text) }
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
