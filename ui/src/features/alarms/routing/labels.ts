/** Labels and conditions as people type them; pure functions. */

const PAIR = /^([A-Za-z_][\w]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s,"'{}]*))\s*(?:,|\s|$)\s*/

export interface ReadLabels {
  labels: Record<string, string>
  /** What could not be read; empty when all was. */
  rest: string
}

/** `severity=critical device="PSU 1"`, separated by spaces, commas or lines, with or without braces. */
export function parseLabels(text: string): ReadLabels {
  const labels: Record<string, string> = {}
  let rest = text.trim().replace(/^\{|\}$/g, '').trim()
  while (rest) {
    const found = PAIR.exec(rest)
    if (!found?.[1]) return { labels, rest }
    labels[found[1]] = found[2]?.replace(/\\(.)/g, '$1') ?? found[3] ?? found[4] ?? ''
    rest = rest.slice(found[0].length)
  }
  return { labels, rest }
}

/** The conditions that name exactly this alarm. */
const NAMING = ['alertname', 'device', 'entity'] as const

export function matchersFor(labels: Record<string, string>): string[] {
  return NAMING.filter((name) => labels[name]).map((name) => `${name}="${(labels[name] ?? '').replace(/["\\]/g, '\\$&')}"`)
}

/** One condition in each line. */
export const linesOf = (text: string) => text.split('\n').map((line) => line.trim()).filter(Boolean)

/** A way as one text, to compare and to know it again. */
export const wayKey = (path: readonly string[] | undefined) => (path ?? []).join(' › ')
