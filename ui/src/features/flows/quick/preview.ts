/** What a phrase will add, row by row; boxes before what they hold. */
import { isMap, type NodeKind, type Plain } from '../model/graph'
import { verbOf } from '../model/read'
import { lookOf, type Look } from '../sentences/look'
import { sentence } from '../sentences/sentences'

export interface Row {
  kind: NodeKind
  verb: string
  depth: number
  look: Look
  sentence: string
}

const NAMED: Partial<Record<NodeKind, string>> = { rule: 'rule', limit: 'limit', end: 'end', check: 'if' }

export function rowsOf(values: readonly { kind: NodeKind; value: Plain }[], depth = 0): Row[] {
  return values.flatMap(({ kind, value }) => {
    const verb = NAMED[kind] ?? verbOf(value)
    const row: Row = { kind, verb, depth, look: lookOf(verb), sentence: sentence(kind, value) }
    const inner = kind === 'step' && isMap(value) ? [value.do, value.then].flatMap((list) => (Array.isArray(list) ? list : [])) : []
    return [row, ...rowsOf(inner.map((one) => ({ kind, value: one })), depth + 1)]
  })
}
