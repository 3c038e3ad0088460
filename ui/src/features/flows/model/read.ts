/** Reads the text of a flow into its graph; tolerant, as half-typed texts are the rule. The check is the server's. */
import { isMap as isYamlMap, isScalar, isSeq, LineCounter, parseDocument, type Node as YamlNode, type Pair } from 'yaml'
import { without } from '@/kit/without'
import { isMap, keyOf, textOf, walk, type FlowGraph, type FlowNode, type NodeKind, type Part, type Path, type Plain, type PlainMap } from './graph'

/** Keys beside a verb: they never are one. */
const BESIDE = new Set(['id', 'name', 'title', 'enabled', 'until', 'limits', 'measure', 'verdict', 'do', 'then', 'else', 'while', 'for_each', 'max', 'counter', 'parameters', 'timeout', 'on_timeout', 'for', 'samples', 'reset', 'hysteresis', 'unknown', 'edge', 'at_start'])
/** Verbs that also stand beside another one. */
const WEAK = new Set(['goto', 'wait', 'export'])
const LISTS = ['do', 'then', 'else'] as const
const OFF = new Set(['false', 'no', 'off'])
const EMPTY: Omit<FlowGraph, 'text' | 'readable'> = { head: {}, limits: [], sequence: [], closing: [], rules: [], layout: {}, nodes: new Map() }

interface Reading {
  text: string
  lines: LineCounter
  known: ReadonlyMap<string, FlowNode>
}

function plainOf(node: unknown): Plain {
  if (isSeq(node)) return node.items.map(plainOf)
  if (isYamlMap(node)) return Object.fromEntries(node.items.map((pair) => [String((pair.key as { value?: unknown })?.value ?? pair.key), plainOf(pair.value)]))
  if (isScalar(node)) return node.value === null || node.value === undefined ? null : String(node.value)
  return null
}

const childOf = (node: unknown, key: string): YamlNode | null => {
  if (!isYamlMap(node)) return null
  const pair = node.items.find((item: Pair) => isScalar(item.key) && String(item.key.value) === key)
  return (pair?.value as YamlNode | undefined) ?? null
}

/** The one key that says what a mapping does. */
export function verbOf(value: Plain): string {
  if (typeof value === 'string') return value
  if (!isMap(value)) return ''
  const keys = Object.keys(value).filter((key) => !BESIDE.has(key))
  return keys.find((key) => !WEAK.has(key)) ?? keys[0] ?? ''
}

const KIND_IN: Record<string, NodeKind> = { when: 'trigger', if: 'check', then: 'action', else: 'action' }

/** The items of a list, or the single one that stands in its place. */
function items(reading: Reading, node: YamlNode | null, path: Path, kind: NodeKind): Part & { name: '' } {
  const isList = isSeq(node)
  const found = isList ? (node.items as YamlNode[]).map((item, index) => [item, [...path, index]] as const) : node ? [[node, path] as const] : []
  return { name: '', path, isList, nodes: found.map(([item, at]) => nodeOf(reading, item, at, kind)) }
}

function partsOf(reading: Reading, node: YamlNode, path: Path, kind: NodeKind, verb: string): Part[] {
  if (kind === 'rule') {
    return Object.entries(KIND_IN).flatMap(([name, inner]) => {
      const list = childOf(node, name)
      return list ? [{ ...items(reading, list, [...path, name], inner), name }] : []
    })
  }
  if (kind !== 'step' && kind !== 'action') return []
  const under = LISTS.flatMap((name) => {
    for (const at of [[name], [verb, name]]) {
      const list = at.reduce<YamlNode | null>((inner, key) => childOf(inner, key), node)
      if (isSeq(list)) return [{ ...items(reading, list, [...path, ...at], kind), name }]
    }
    return []
  })
  return verb === 'parallel' ? [...under, ...branchesOf(reading, childOf(node, verb), [...path, verb], kind)] : under
}

function branchesOf(reading: Reading, node: YamlNode | null, path: Path, kind: NodeKind): Part[] {
  const named = childOf(node, 'branches')
  const list = named ?? node
  const at = named ? [...path, 'branches'] : path
  if (!isSeq(list)) return []
  return (list.items as YamlNode[]).map((branch, index) => ({ ...items(reading, branch, [...at, index], kind), name: String(index + 1) }))
}

const WITH_VERB: readonly NodeKind[] = ['step', 'action', 'trigger', 'check']
/** `until` of a loop is its own condition, not an end of a step. */
const hasEnds = (kind: NodeKind, verb: string) => kind === 'step' && verb !== 'repeat' && verb !== 'loop'

function nodeOf(reading: Reading, node: YamlNode, path: Path, kind: NodeKind): FlowNode {
  const [start, end] = node.range ?? [0, 0]
  const key = keyOf(path)
  const source = reading.text.slice(start, end)
  const line = reading.lines.linePos(start).line
  const known = reading.known.get(key)
  if (known?.source === source && known.line === line && known.kind === kind) return known
  const value = plainOf(node)
  const verb = WITH_VERB.includes(kind) ? verbOf(value) : ''
  const until = hasEnds(kind, verb) ? childOf(node, 'until') : null
  return {
    kind, key, path, line, source, value, verb,
    ...wordsOf(isMap(value) ? value : {}),
    endLine: reading.lines.linePos(start + source.trimEnd().length).line,
    ends: until ? items(reading, until, [...path, 'until'], 'end').nodes : [],
    parts: partsOf(reading, node, path, kind, verb),
  }
}

const wordsOf = (map: PlainMap): Pick<FlowNode, 'id' | 'title' | 'enabled'> => ({
  id: textOf(map.id),
  title: textOf(map.title) || textOf(map.name) || textOf(map.id),
  enabled: !OFF.has(textOf(map.enabled).toLowerCase()),
})

function layoutOf(value: Plain | undefined): FlowGraph['layout'] {
  if (!isMap(value)) return {}
  const pairs = Object.entries(value).flatMap(([id, at]) => (Array.isArray(at) && at.length === 2 && at.every((one) => Number.isFinite(Number(one))) ? [[id, [Number(at[0]), Number(at[1])] as const] as const] : []))
  return Object.fromEntries(pairs)
}

/** `before`: the last graph; what has not changed is taken from it, all of it when the text cannot be read. */
export function readGraph(text: string, before?: FlowGraph): FlowGraph {
  const lines = new LineCounter()
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false, uniqueKeys: false, strict: false })
  const top = document.contents as YamlNode | null
  if (document.errors.length || (top && !isYamlMap(top))) return { ...(before ?? EMPTY), text, readable: false }
  const reading: Reading = { text, lines, known: before?.nodes ?? new Map() }
  const section = (key: string, kind: NodeKind) => items(reading, childOf(top, key), [key], kind).nodes
  const all = isYamlMap(top) ? (plainOf(top) as PlainMap) : {}
  const head = without(all, 'limits', 'sequence', 'finally', 'rules', 'x-layout') as PlainMap
  const parts = { limits: section('limits', 'limit'), sequence: section('sequence', 'step'), closing: section('finally', 'step'), rules: section('rules', 'rule') }
  const nodes = [...walk(Object.values(parts).flat())].sort((a, b) => a.line - b.line)
  return { text, readable: true, head, ...parts, layout: layoutOf(all['x-layout']), nodes: new Map(nodes.map((node) => [node.key, node])) }
}
