/**
 * From a finding to what would mend it: named plans, made on the graph as it is when their turn comes.
 *
 * A code has its makers here; a maker that cannot say anything certain gives no fix. Names and values come from the
 * finding's values (`args`), never from its sentence, which is for people and in their language.
 */
import type { Finding } from '@/api/types'
import { nodeOf, pathIn } from '../model/findings'
import { freeId, remove, takenIds, type Edit, type Planner } from '../model/edits'
import { isMap, rootOf, textOf, valueAt, type FlowGraph, type FlowNode, type Path, type Plain } from '../model/graph'
import { tf } from './messages'
import { nearest } from './near'
import { leaves } from './place'

export interface Fix {
  title: string
  plan: Planner
}

export interface Names {
  /** Points and other names an expression may hold. */
  names: readonly string[]
  cells?: readonly string[]
  channels?: readonly string[]
}

interface Case {
  finding: Finding
  graph: FlowGraph
  node: FlowNode | null
  path: Path
  known: Names
}
type Maker = (found: Case) => Fix[]

/** A fix whose edits are known; it keeps the selection. */
const fix = (title: string, edits: Edit[]): Fix => ({ title, plan: () => ({ edits }) })
/** A word of the finding's values. */
const word = (finding: Finding, name: string): string => {
  const value = finding.args?.[name]
  return typeof value === 'string' ? value : ''
}
const wordsOf = (finding: Finding, name: string): string[] => {
  const value = finding.args?.[name]
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

/** Where a text stands below a node: the places of whole words of it. */
function wordPlaces(node: FlowNode | null, word: string): { path: Path; text: string; isKey: boolean }[] {
  if (!node || !word) return []
  const pattern = new RegExp(`(?<![\\w.])${escaped(word)}(?![\\w])`)
  return [...leaves(node.value, node.path)].filter((leaf) => pattern.test(leaf.text))
}
const escaped = (word: string) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const swap = (text: string, word: string, to: string) => text.replace(new RegExp(`(?<![\\w.])${escaped(word)}(?![\\w])`, 'g'), to)

/** A word exchanged wherever it stands in the node; keys are renamed. */
function exchange(node: FlowNode | null, word: string, to: string): Edit[] {
  const places = wordPlaces(node, word)
  const values = places.filter((place) => !place.isKey).map((place): Edit => ({ op: 'set', path: place.path, value: swap(place.text, word, to) }))
  const keys = places.filter((place) => place.isKey).map((place): Edit => ({ op: 'rename', path: place.path, name: swap(place.text, word, to) }))
  return [...values, ...keys]
}

const misspelt: Maker = ({ finding, graph, path, node }) => {
  const [wrong, to] = [word(finding, 'wanted'), wordsOf(finding, 'near')[0] ?? '']
  if (!wrong || !to) return []
  const at = path.at(-1) === wrong ? path : [...path, wrong]
  const stands = valueAt(rootOf(graph), at.slice(0, -1))
  if (isMap(stands) && wrong in stands) return [fix(tf('rename', { to }), [{ op: 'rename', path: at, name: to }])]
  if (textOf(valueAt(rootOf(graph), path)) === wrong) return [fix(tf('rename', { to }), [{ op: 'set', path, value: to }])]
  return exchanged(node, wrong, to)
}
/** A key nobody knows and nothing like it: it goes. */
const strange: Maker = (found) => {
  const { finding, graph, path } = found
  const key = word(finding, 'wanted')
  const stands = valueAt(rootOf(graph), path.at(-1) === key ? path.slice(0, -1) : path)
  const fixes = misspelt(found)
  return fixes.length || !isMap(stands) || !(key in stands) ? fixes : [fix(tf('removeKey', { key }), [{ op: 'remove', path: path.at(-1) === key ? path : [...path, key] }])]
}
const exchanged = (node: FlowNode | null, word: string, to: string): Fix[] => {
  const edits = exchange(node, word, to)
  return edits.length ? [fix(tf('rename', { to }), edits)] : []
}

const nearNames: Maker = ({ finding, node, known }) => {
  const [wrong, near] = [word(finding, 'wanted'), wordsOf(finding, 'near')]
  return (near.length ? near : nearest(wrong, [...wordsOf(finding, 'known'), ...known.names], 2)).flatMap((name) => exchanged(node, wrong, name))
}
const nearListed: Maker = ({ finding, node }) => {
  const [wrong, names] = [word(finding, 'wanted'), wordsOf(finding, 'known')]
  return (names.length === 1 ? names : nearest(wrong, names, 2)).flatMap((name) => exchanged(node, wrong, name))
}

/** The step itself, also where the finding is about one of its ends. */
const stepOf = ({ graph, node }: Case): FlowNode | null => (node?.kind === 'end' ? (graph.nodes.get(node.path.slice(0, node.path.lastIndexOf('until')).join('/')) ?? null) : node)

const timeEnd: Maker = (found) => {
  const step = stepOf(found)
  if (!step || !isMap(step.value)) return []
  const path = [...step.path, 'until']
  const end = { name: 'time', when: 'step.time > 4 h', verdict: 'fail' }
  const { until } = step.value
  const edit: Edit = Array.isArray(until) ? { op: 'insert', path: [...path, until.length], value: end } : { op: 'set', path, value: until === undefined || until === null ? [end] : [until, end] }
  return [fix(tf('addTimeEnd'), [edit])]
}

const KEYS: Record<string, Plain> = { max: '3', timeout: '10 min', at: '22:00', for: '10 s', when: 'temp > 45 °C', then: [{ log: 'Note' }], id: 'new' }
const missingKey: Maker = ({ finding, graph, path }) => {
  const key = word(finding, 'key')
  const value = KEYS[key]
  if (!value) return []
  const stands = valueAt(rootOf(graph), path)
  const beside = isMap(stands) ? path : path.slice(0, -1)
  return [fix(tf('addKey', { key, value: typeof value === 'string' ? value : '…' }), [{ op: 'set', path: [...beside, key], value }])]
}
const jumpMax: Maker = ({ node, path, graph }) => {
  const end = path.at(-1) === 'goto' ? path.slice(0, -1) : node?.path
  return end && isMap(valueAt(rootOf(graph), end)) ? [fix(tf('addMax'), [{ op: 'set', path: [...end, 'max'], value: '3' }])] : []
}

const newId: Maker = ({ graph, path, node, finding }) => {
  const own = path.at(-1) === 'id' ? path : node && [...node.path, 'id']
  const id = word(finding, 'id')
  if (!own || !node || !id) return []
  const to = freeId(id, takenIds(graph, node.kind))
  return [fix(tf('newId', { to }), [{ op: 'set', path: own, value: to }])]
}

const absCurrent: Maker = ({ node }) => {
  const places = wordPlaces(node, 'current').filter((place) => !place.isKey && !place.text.includes('abs(current)') && /[<>=]/.test(place.text))
  return places.length ? [fix(tf('absCurrent'), places.map((place) => ({ op: 'set', path: place.path, value: swap(place.text, 'current', 'abs(current)') })))] : []
}

const literalDevice: Maker = ({ finding, node }) => {
  const [part, device] = [word(finding, 'part'), word(finding, 'device')]
  const edits = part && device ? exchange(node, device, part) : []
  return edits.length ? [fix(tf('useChannel', { part, device }), edits)] : []
}

const setKey = (key: string, value: string): Maker => ({ node }) => (node && isMap(node.value) ? [fix(tf('put', { key, value }), [{ op: 'set', path: [...node.path, key], value }])] : [])
const dropKey = (key: string): Maker => ({ node }) => (node && isMap(node.value) && key in node.value ? [fix(tf('removeKey', { key }), [{ op: 'remove', path: [...node.path, key] }])] : [])
const safeScope: Maker = ({ finding, node }) => {
  const to = word(finding, 'to')
  return to && node?.verb === 'safe_state' ? [fix(tf('put', { key: 'safe_state', value: to }), [{ op: 'set', path: isMap(node.value) ? [...node.path, 'safe_state'] : node.path, value: isMap(node.value) ? to : { safe_state: to } }])] : []
}

const BY_UNIT: Record<string, string> = { A: 'current', V: 'voltage', W: 'power', Ω: 'resistance' }
/** The set-point a finding speaks of, by its unit or as it is written: brought to what the instrument or the limit allows. */
const toMost: Maker = ({ finding, node }) => {
  const limit = finding.args?.limit
  const unit = word(finding, 'unit')
  if (!node || typeof limit !== 'number') return []
  const value = `${Number(limit.toPrecision(12))} ${unit}`.trim()
  const written = word(finding, 'written')
  const leaf = written ? [...leaves(node.value, node.path)].find((one) => !one.isKey && one.text.trim() === written.trim()) : undefined
  if (leaf) return [fix(tf('setTo', { key: String(leaf.path.at(-1)), value }), [{ op: 'set', path: leaf.path, value }])]
  const key = BY_UNIT[unit]
  return key ? setPoint(node, key, value) : []
}
function setPoint(node: FlowNode, key: string, value: string): Fix[] {
  const stands = valueAt(node.value, [node.verb])
  const before = textOf(isMap(stands) ? stands[key] : stands)
  if (!before || before.startsWith('$')) return []
  return [fix(tf('setTo', { key, value }), [{ op: 'set', path: [...node.path, node.verb, ...(isMap(stands) ? [key] : [])], value }])]
}
const wholeNode: Maker = ({ node }) => (node ? [{ title: tf('removeNode', { title: node.title || node.verb }), plan: remove([node.key]) }] : [])
const celsius: Maker = ({ finding, graph, path }) => {
  const text = textOf(valueAt(rootOf(graph), path))
  const to = text.replace(/(\d)\s*K\b/g, '$1 °C')
  return word(finding, 'unit') === '°C' && word(finding, 'given_unit') === 'K' && to !== text ? [fix(tf('asCelsius'), [{ op: 'set', path, value: to }])] : []
}
/** A number alone, with the unit of what it is compared with. */
const withUnit: Maker = ({ finding, graph, path }) => {
  const [number, unit] = [word(finding, 'number'), word(finding, 'unit')]
  const text = textOf(valueAt(rootOf(graph), path))
  const to = number && unit ? text.replace(new RegExp(`(?<![\\w.])${escaped(number)}(?![\\w.])(?!\\s*(?!(?:and|or|if|else)\\b)[A-Za-zµ°Ω%])`), `${number} ${unit}`) : text
  return to === text ? [] : [fix(tf('rename', { to: `${number} ${unit}` }), [{ op: 'set', path, value: to }])]
}
/** A head key the flow needs: as the finding names it, else as this project has it. */
const headFrom = (key: 'cell' | 'channel'): Maker => ({ finding, graph, known }) => {
  if (textOf(graph.head[key])) return []
  const named = word(finding, key)
  return (named ? [named] : (known[`${key}s`] ?? []).slice(0, 3)).map((value) => fix(tf('addHead', { key, value }), [{ op: 'set', path: [key], value, at: 3 }]))
}
const headNear = (key: 'cell' | 'channel'): Maker => ({ finding, known }) => {
  const names = known[`${key}s`] ?? []
  const near = nearest(word(finding, 'wanted'), names, 2)
  return (near.length || names.length !== 1 ? near : names).map((value) => fix(tf('rename', { to: value }), [{ op: 'set', path: [key], value }]))
}

export const MAKERS: Readonly<Record<string, Maker>> = {
  'broken-by-comma': () => [fix(tf('quote'), [{ op: 'quote' }])],
  'unknown-key': strange, 'unknown-verb': misspelt, 'unknown-function': nearNames, 'unknown-point': nearNames, 'unknown-script': nearNames, 'unknown-flow': nearNames, 'unknown-broker': nearNames, 'unknown-receiver': nearNames, 'unknown-filter': nearNames,
  'unknown-step': nearListed, 'unknown-action': nearListed, 'unknown-rule': nearListed, 'unknown-parameter': nearListed, 'wrong-value': misspelt, 'literal-error': misspelt,
  'missing-end': timeEnd, 'no-time-end': timeEnd, 'missing-key': missingKey, 'missing-max': jumpMax, 'duplicate-id': newId, 'current-sign': absCurrent, 'literal-device': literalDevice,
  'safe-state-scope': safeScope, 'during-always': (found) => [...dropKey('during')(found), ...dropKey('scope')(found)], 'run-without-sequence': setKey('scope', 'always'), 'no-device': dropKey('per'),
  'taper-phase': setKey('phase', 'cv'), 'out-of-range': toMost, 'above-limit': toMost, 'above-charge-voltage': toMost, 'unreachable': wholeNode, 'bad-unit': celsius, 'no-channel': headFrom('channel'), 'no-cell': headFrom('cell'), 'unknown-channel': headNear('channel'), 'unknown-cell': headNear('cell'), 'no-row': (found) => [...dropKey('until')(found), ...dropKey('measure')(found)].slice(0, 1),
  'asks-while-driving': setKey('keep_on', 'true'), 'bare-number': withUnit, 'resume-not-armed': () => [fix(tf('put', { key: 'on_power_loss', value: 'hold' }), [{ op: 'set', path: ['on_power_loss'], value: 'hold' }])], 'no-capacity': headFrom('cell'),
}

/** What would mend this; empty where a person has to think. */
export function fixesOf(finding: Finding, graph: FlowGraph, known: Names = { names: [] }): Fix[] {
  const maker = MAKERS[finding.code]
  if (!maker || (!graph.readable && finding.code !== 'broken-by-comma')) return []
  const path = finding.path ? pathIn(graph, finding.path) : []
  return maker({ finding, graph, path, known, node: nodeOf(finding, graph) })
}
