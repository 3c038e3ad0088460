/** Reads a number as people type it: decimal comma or point, real or typographic minus; null if it is none. */
export function parseNumber(text: string): number | null {
  const plain = text.trim().replace('−', '-').replace(/\s/g, '')
  const normal = plain.includes(',') && !plain.includes('.') ? plain.replace(',', '.') : plain
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(normal)) return null
  const value = Number(normal)
  return Number.isFinite(value) ? value : null
}
