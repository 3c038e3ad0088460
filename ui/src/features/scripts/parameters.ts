/** Reads `name: value` lines into what a script gets as `params`. */
import type { Scalar } from '@/api/types'

const NAME = /^[A-Za-z_]\w*$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

function valueOf(text: string): Scalar {
  if (text === 'true' || text === 'false') return text === 'true'
  return NUMBER.test(text) ? Number(text) : text.replace(/^(["'])(.*)\1$/, '$2')
}

/** A line that is none makes the whole text wrong: a forgotten parameter is worse than a refusal. */
export function readParameters(text: string): { values: Record<string, Scalar>; ok: boolean } {
  const values: Record<string, Scalar> = {}
  for (const line of text.split('\n').map((part) => part.trim()).filter(Boolean)) {
    const cut = line.indexOf(':')
    const name = line.slice(0, Math.max(0, cut)).trim()
    const value = line.slice(cut + 1).trim()
    if (!NAME.test(name) || !value) return { values: {}, ok: false }
    values[name] = valueOf(value)
  }
  return { values, ok: true }
}
