/** Limits of a point, put into the text of `alarms.yaml`; everything else in it stays as it was written. */
import { isMap, isScalar, isSeq, parseDocument, type Document, type YAMLMap } from 'yaml'
import { parseNumber } from '@/kit/parseNumber'

export const LIMITS = ['lolo', 'lo', 'hi', 'hihi'] as const
export type Limit = (typeof LIMITS)[number]

/** What a person filled in; empty means: none. */
export interface LimitEntry {
  point: string
  unit: string
  limits: Record<Limit, string>
  deadband: string
  onDelay: string
  guidance: string
}

export type EntryProblem = 'point' | 'number' | 'order' | 'none'

export function emptyEntry(): LimitEntry {
  return { point: '', unit: '', limits: { lolo: '', lo: '', hi: '', hihi: '' }, deadband: '', onDelay: '', guidance: '' }
}

/** The first thing that is wrong, or null. */
export function problemOf(entry: LimitEntry, points: readonly string[]): EntryProblem | null {
  if (!points.includes(entry.point)) return 'point'
  const filled = LIMITS.map((word) => entry.limits[word].trim()).filter(Boolean)
  if (!filled.length) return 'none'
  const numbers = filled.map(parseNumber)
  if ([...numbers, ...[entry.deadband, entry.onDelay].filter((text) => text.trim()).map(parseNumber)].some((value) => value === null)) return 'number'
  return numbers.every((value, place) => place === 0 || (numbers[place - 1] ?? 0) < (value ?? 0)) ? null : 'order'
}

const quantity = (text: string, unit: string) => {
  const value = parseNumber(text)
  return unit ? `${value} ${unit}` : value
}

/** The definition of a point, if the text has exactly one that is a map of its own. */
function definitionOf(doc: Document, point: string): YAMLMap | null {
  const list = doc.get('alarms')
  if (!isSeq(list)) return null
  const found = list.items.filter((item): item is YAMLMap => isMap(item) && item.get('point') === point)
  return found.length === 1 ? (found[0] ?? null) : null
}

/** What the text says of the point now; limits with conditions of their own (`{at: …}`) show their number. */
export function entryOf(text: string, point: string, unit: string): LimitEntry {
  const entry = { ...emptyEntry(), point, unit }
  const node = definitionOf(parseDocument(text), point)
  if (!node) return entry
  const plain = (key: string): string => {
    const value = node.get(key)
    const inner = isMap(value) ? value.get('at') : value
    const raw = isScalar(inner) ? inner.value : inner
    return raw === undefined || raw === null ? '' : String(raw).replace(/\s*[^\d.,+\-eE\s].*$/, '').trim()
  }
  for (const word of LIMITS) entry.limits[word] = plain(word)
  entry.deadband = plain('deadband')
  entry.onDelay = plain('on_delay')
  entry.guidance = String(node.get('guidance') ?? '')
  return entry
}

function put(node: YAMLMap, key: string, value: unknown): void {
  const present = node.get(key)
  if (value === null || value === '') node.delete(key)
  else if (isMap(present)) present.set('at', value)
  else node.set(key, value)
}

/** The text with the limits of this point in it; null when the text cannot be read as it is. */
export function withLimits(text: string, entry: LimitEntry): string | null {
  const doc = parseDocument(text)
  if (doc.errors.length || !(doc.contents === null || isMap(doc.contents))) return null
  let node = definitionOf(doc, entry.point)
  if (!node) {
    node = doc.createNode({ point: entry.point }) as YAMLMap
    if (doc.contents === null) doc.contents = doc.createNode({}) as never
    if (isSeq(doc.get('alarms'))) doc.addIn(['alarms'], node)
    else doc.set('alarms', doc.createNode([node]))
  }
  const numbers: [string, string, string][] = [...LIMITS.map((word): [string, string, string] => [word, entry.limits[word], entry.unit]), ['deadband', entry.deadband, entry.unit], ['on_delay', entry.onDelay, 's']]
  for (const [key, value, unit] of numbers) put(node, key, value.trim() ? quantity(value, unit) : null)
  put(node, 'guidance', entry.guidance.trim())
  return asBefore(text, doc.toString({ lineWidth: 0, flowCollectionPadding: false }))
}

/** Lines that say the same as before keep the blanks before their comments. */
function asBefore(before: string, after: string): string {
  const key = (line: string) => line.replace(/\s+#/, ' #').trimEnd()
  const known = new Map(before.split('\n').map((line) => [key(line), line]))
  return after
    .split('\n')
    .map((line) => known.get(key(line)) ?? line)
    .join('\n')
}
