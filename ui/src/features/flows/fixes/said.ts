/** A finding in the language of the page: the server speaks English, other languages are made of its code and values. */
import type { Finding } from '@/api/types'
import { locale } from '@/i18n'
import { GERMAN, WORDS, type Form } from './german'

const SLOT = /\{(~?)([a-z_]+)\}/g

function shown(value: unknown, isWord: boolean): string | null {
  if (Array.isArray(value)) return value.length ? value.map((one) => String(one)).join(', ') : null
  if (typeof value === 'number') return String(Number(value.toPrecision(6))).replace('.', ',')
  if (typeof value !== 'string') return value === null ? '…' : null
  return isWord ? (WORDS[value] ?? value) : value
}

/** The text with its values; null when one is not there. */
function filled(text: string, args: Readonly<Record<string, unknown>>): string | null {
  let isWhole = true
  const made = text.replace(SLOT, (_, mark: string, name: string) => {
    const value = shown(args[name], mark === '~')
    isWhole &&= value !== null
    return value ?? ''
  })
  return isWhole ? made.trimEnd() : null
}

function fitting(forms: readonly Form[], args: Readonly<Record<string, unknown>>): [string, string] | null {
  for (const [message, hint] of forms) {
    const [first, second] = [filled(message, args), filled(hint ?? '', args)]
    if (first !== null && second !== null) return [first, second]
  }
  return null
}

export function said(finding: Finding): Finding {
  if (locale() !== 'de') return finding
  const found = fitting(GERMAN[finding.code] ?? [], finding.args ?? {})
  return found ? { ...finding, message: found[0], hint: found[1] } : finding
}
