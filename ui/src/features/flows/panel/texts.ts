/** Values of the text as a person reads and types them in one line. */
import { parse, stringify } from 'yaml'
import type { Plain } from '../model/graph'
import type { Kind } from './spec'

const isSingle = (value: Plain): value is string => typeof value === 'string'

/** A list of single values with commas; anything else as YAML in brackets. */
export function shownText(value: Plain | undefined): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((one) => isSingle(one) && !one.includes(','))) return value.join(', ')
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, defaultStringType: 'PLAIN' }).trim()
}

/** What was typed, as it is written: a list where one is meant or stands already. */
export function readText(typed: string, kind: Kind, before: Plain | undefined): Plain {
  const trimmed = typed.trim()
  if (/^[[{]/.test(trimmed) && (kind === 'list' || typeof before === 'object')) {
    try {
      return parse(trimmed, { schema: 'failsafe' }) as Plain
    } catch {
      return trimmed
    }
  }
  const isList = kind === 'list' || Array.isArray(before)
  return isList && !trimmed.startsWith('$') ? trimmed.split(',').map((one) => one.trim()).filter(Boolean) : trimmed
}
