/**
 * From a finding to what would mend it: named plans, made on the graph as it is when their turn comes.
 *
 * A code has its makers here; a maker that cannot say anything certain gives no fix. Names and values come from the
 * finding's own words, as the server said them.
 */
import type { Finding } from '@/api/types'
import { freeId, remove, takenIds, type Edit, type Planner } from '../model/edits'
import { isMap, rootOf, textOf, valueAt, type FlowGraph, type FlowNode, type Path, type Plain } from '../model/graph'
import { tf } from './messages'
import { nearest } from './near'
import { leaves, nodeOf, pathIn } from './place'

export interface Fix {
  title: string
  plan: Planner
}

export interface Names {
  /** Points and other names an expression may hold. */
  names: readonly string[]
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
const quoted = (text: string | null | undefined): string => /['"‘“]([^'"’”]+)['"’”]/.exec(text ?? '')?.[1] ?? ''
const meant = (finding: Finding): string => /did you mean ['"]?([^'"?]+)['"]?\?/.exec(finding.hint ?? '')?.[1] ?? ''
const listed = (finding: Finding): string[] => (/:\s*(.+)$/.exec(finding.hint ?? '')?.[1] ?? '').split(',').map((one) => one.trim()).filter(Boolean)

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
  const [wrong, to] = [quoted(finding.message), meant(finding)]
  if (!wrong || !to) return []
  const at = path.at(-1) === wrong ? path : [...path, wrong]
  const stands = valueAt(rootOf(graph), at.slice(0, -1))
  if (isMap(stands) && wrong in stands) return [fix(tf('rename', { to }), [{ op: 'rename', path: at, name: to }])]
  return textOf(node?.value) === wrong && node ? [fix(tf('rename', { to }), [{ op: 'set', path: node.path, value: to }])] : exchanged(node, wrong, to)
}
const exchanged = (node: FlowNode | null, word: string, to: string): Fix[] => {
  const edits = exchange(node, word, to)
  return edits.length ? [fix(tf('rename', { to }), edits)] : []
}

const nearNames: Maker = ({ finding, node, known }) => {
  const wrong = quoted(finding.message)
  const to = meant(finding)
  return (to ? [to] : nearest(wrong, known.names, 2)).flatMap((name) => exchanged(node, wrong, name))
}
const nearListed: Maker = ({ finding, node }) => {
  const wrong = quoted(finding.message)
  const names = listed(finding)
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
  const key = quoted(finding.message)
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
  const id = quoted(finding.message)
  if (!own || !node || !id) return []
  const to = freeId(id, takenIds(graph, node.kind))
  return [fix(tf('newId', { to }), [{ op: 'set', path: own, value: to }])]
}

const absCurrent: Maker = ({ node }) => {
  const places = wordPlaces(node, 'current').filter((place) => !place.isKey && !place.text.includes('abs(current)') && /[<>=]/.test(place.text))
  return places.length ? [fix(tf('absCurrent'), places.map((place) => ({ op: 'set', path: place.path, value: swap(place.text, 'current', 'abs(current)') })))] : []
}

const literalDevice: Maker = ({ finding, node }) => {
  const part = /write (channel\.(?:source|sink))\./.exec(finding.hint ?? '')?.[1] ?? ''
  const device = /^(\S+) is bound/.exec(finding.message)?.[1] ?? ''
  const edits = part && device ? exchange(node, device, part) : []
  return edits.length ? [fix(tf('useChannel', { part, device }), edits)] : []
}

const setKey = (key: string, value: string): Maker => ({ node }) => (node && isMap(node.value) ? [fix(tf('put', { key, value }), [{ op: 'set', path: [...node.path, key], value }])] : [])
const dropKey = (key: string): Maker => ({ node }) => (node && isMap(node.value) && key in node.value ? [fix(tf('removeKey', { key }), [{ op: 'remove', path: [...node.path, key] }])] : [])
const safeScope: Maker = ({ finding, node }) => {
  const to = /safe_state: (channel|all)/.exec(finding.hint ?? '')?.[1]
  return to && node?.verb === 'safe_state' ? [fix(tf('put', { key: 'safe_state', value: to }), [{ op: 'set', path: isMap(node.value) ? [...node.path, 'safe_state'] : node.path, value: isMap(node.value) ? to : { safe_state: to } }])] : []
}

const BY_UNIT: Record<string, string> = { A: 'current', V: 'voltage', W: 'power', Ω: 'resistance' }
const MOST = /(?:reaches only|above the limit|is charged to|takes at most|takes at least) ([\d.]+ \S+)/
/** The set-point a finding speaks of, by its unit: brought to what the instrument or the limit allows. */
const toMost: Maker = ({ finding, node }) => {
  const value = MOST.exec(finding.message)?.[1] ?? ''
  const key = BY_UNIT[value.split(' ')[1] ?? '']
  return node && key ? setPoint(node, key, value) : []
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
  return finding.hint?.includes('°C') && to !== text ? [fix(tf('asCelsius'), [{ op: 'set', path, value: to }])] : []
}
const headFrom: Maker = ({ finding }) => {
  const [, key, value] = /(?:add )?(cell|channel): ([\w/.-]+)/.exec(finding.hint ?? '') ?? []
  return key && value && value !== 'to' ? [fix(tf('addHead', { key, value }), [{ op: 'set', path: [key], value, at: 3 }])] : []
}

const MAKERS: Record<string, Maker> = {
  'broken-by-comma': () => [fix(tf('quote'), [{ op: 'quote' }])],
  'unknown-key': misspelt, 'unknown-verb': misspelt, 'unknown-function': nearNames, 'unknown-point': nearNames, 'unknown-name': nearNames, 'not-a-point': nearNames, 'unknown-script': nearNames, 'unknown-flow': nearNames, 'unknown-broker': nearNames, 'unknown-receiver': nearNames,
  'unknown-step': nearListed, 'unknown-action': nearListed, 'unknown-rule': nearListed, 'unknown-parameter': nearListed, 'wrong-value': misspelt,
  'missing-end': timeEnd, 'no-time-end': timeEnd, 'missing-key': missingKey, 'missing-max': jumpMax, 'duplicate-id': newId, 'current-sign': absCurrent, 'literal-device': literalDevice,
  'safe-state-scope': safeScope, 'during-always': (found) => [...dropKey('during')(found), ...dropKey('scope')(found)], 'run-without-sequence': setKey('scope', 'always'), 'no-device': dropKey('per'),
  'taper-phase': setKey('phase', 'cv'), 'out-of-range': toMost, 'above-limit': toMost, 'above-charge-voltage': toMost, unreachable: wholeNode, 'bad-unit': celsius, 'no-channel': headFrom, 'no-cell': headFrom, 'no-row': (found) => [...dropKey('until')(found), ...dropKey('measure')(found)].slice(0, 1),
  'asks-while-driving': setKey('keep_on', 'true'),
}

/** What would mend this; empty where a person has to think. */
export function fixesOf(finding: Finding, graph: FlowGraph, known: Names = { names: [] }): Fix[] {
  const maker = MAKERS[finding.code]
  if (!maker || (!graph.readable && finding.code !== 'broken-by-comma')) return []
  const path = finding.path ? pathIn(graph, finding.path) : []
  return maker({ finding, graph, path, known, node: nodeOf(finding, graph) })
}
