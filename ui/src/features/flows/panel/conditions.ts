/**
 * A condition as a tree of groups and comparisons, from both spellings a file knows: an expression (`a and (b or c)`)
 * and a map (`{all: [a, {any: [b, c]}]}`). It is written back in the spelling it has. Pure.
 */
import type { Edit } from '../model/edits'
import { isMap, type Path, type Plain, type PlainMap } from '../model/graph'

export type Op = 'and' | 'or' | 'not'
/** Whether a group stands in an expression or as a map of its own. */
export type Spelling = 'text' | 'map'
export interface Group { kind: 'group'; op: Op; spelling: Spelling; items: readonly Cond[] }
export interface Leaf { kind: 'leaf'; text: string }
/** A condition with keys of its own, as `state` and `time`: shown, not edited here. */
export interface Block { kind: 'block'; value: PlainMap }
export type Cond = Group | Leaf | Block
/** The way to a condition: places in the groups around it. */
export type At = readonly number[]

const VERBS: Record<string, Op> = { all: 'and', any: 'or', not: 'not' }
const KEY: Record<Op, string> = { and: 'all', or: 'any', not: 'not' }
const leaf = (text: string): Leaf => ({ kind: 'leaf', text: text.trim() })

/** Places outside of quotes and brackets where a word or sign stands. */
function topLevel(text: string, found: (rest: string, at: number) => number): void {
  let depth = 0
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charAt(at)
    if (quote) quote = sign === quote ? '' : quote
    else if (sign === '"' || sign === "'") quote = sign
    else if ('([{'.includes(sign)) depth += 1
    else if (')]}'.includes(sign)) depth -= 1
    else if (depth === 0) at += found(text.slice(at), at)
  }
}

function split(text: string, word: string): string[] {
  const parts: string[] = []
  let from = 0
  const pattern = new RegExp(`^\\s${word}(?=[\\s(])`)
  topLevel(text, (rest, at) => {
    const size = pattern.exec(rest)?.[0].length ?? 0
    if (!size) return 0
    parts.push(text.slice(from, at))
    from = at + size
    return size - 1
  })
  return [...parts, text.slice(from)]
}

/** Whether the first bracket closes at the very end. */
function isWrapped(text: string): boolean {
  let outside = 0
  topLevel(text, () => { outside += 1; return 0 })
  let closes = 0
  let depth = 0
  for (const sign of text) {
    depth += sign === '(' ? 1 : sign === ')' ? -1 : 0
    if (sign === ')' && depth === 0) closes += 1
  }
  return text.startsWith('(') && text.endsWith(')') && outside === 0 && closes === 1
}

const many = (op: Op, parts: readonly string[]): Group => ({ kind: 'group', op, spelling: 'text', items: parts.map(readText).flatMap((one) => (one.kind === 'group' && one.op === op && op !== 'not' ? one.items : [one])) })

/** An expression as a tree; what is no `and`, `or`, `not` is a leaf. */
export function readText(source: string): Cond {
  const text = source.trim()
  if (split(text, 'if').length > 1) return leaf(text)
  const either = split(text, 'or')
  if (either.length > 1) return many('or', either)
  const both = split(text, 'and')
  if (both.length > 1) return many('and', both)
  const negated = /^not(?=[\s(])(.+)$/s.exec(text)?.[1]
  if (negated !== undefined) {
    const inner = readText(negated)
    return { kind: 'group', op: 'not', spelling: 'text', items: inner.kind === 'group' && inner.op === 'or' ? inner.items : [inner] }
  }
  return isWrapped(text) ? readText(text.slice(1, -1)) : leaf(text)
}

const verbOf = (value: PlainMap): string => Object.keys(value).find((key) => Object.hasOwn(VERBS, key)) ?? ''
const innerOf = (value: Plain | undefined): Plain[] => {
  const list = isMap(value) && 'of' in value ? value.of : value
  return Array.isArray(list) ? list : list === undefined || list === null ? [] : [list]
}

/** A condition as the file has it. */
export function readCondition(value: Plain | undefined): Cond {
  if (!isMap(value)) return readText(typeof value === 'string' ? value : '')
  const verb = verbOf(value)
  const op = VERBS[verb]
  return op ? { kind: 'group', op, spelling: 'map', items: innerOf(value[verb]).map(readCondition) } : { kind: 'block', value }
}

/** As an expression; groups in groups have brackets. */
export function textOfCondition(cond: Cond, isInside = false): string {
  if (cond.kind === 'leaf') return cond.text
  if (cond.kind === 'block') return ''
  if (cond.op === 'not') {
    const [only] = cond.items
    const inner = cond.items.length === 1 && only ? textOfCondition(only) : cond.items.map((one) => textOfCondition(one, true)).join(' or ')
    return `not (${inner})`
  }
  const text = cond.items.map((one) => textOfCondition(one, true)).join(` ${cond.op} `)
  return isInside && cond.items.length > 1 ? `(${text})` : text
}

/** As it stands in a file. */
export const plainOfCondition = (cond: Cond): Plain => (cond.kind === 'block' ? cond.value : cond.kind === 'group' && cond.spelling === 'map' ? { [KEY[cond.op]]: cond.items.map(plainOfCondition) } : textOfCondition(cond))

const same = (a: Plain | undefined, b: Plain | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)

/** One item more, one less, or some changed: at their places; null when it is something else. */
function listEdits(at: Path, list: readonly Plain[], next: Group): Edit[] | null {
  const items = next.items.map(plainOfCondition)
  const differs = items.findIndex((item, index) => !same(item, list[index]))
  const first = differs < 0 ? items.length : differs
  if (items.length === list.length) return next.items.flatMap((item, index) => editsTo([...at, index], list[index], item))
  if (items.length === list.length + 1 && same(items.slice(first + 1), list.slice(first))) return [{ op: 'insert', path: [...at, first], value: items[first] ?? '' }]
  return items.length === list.length - 1 && same(items.slice(first), list.slice(first + 1)) ? [{ op: 'remove', path: [...at, first] }] : null
}

/** The list of a group written as a map, with its place. */
function listIn(path: Path, value: Plain | undefined): [Path, Plain[]] | null {
  if (!isMap(value)) return null
  const verb = verbOf(value)
  const own = value[verb]
  if (Array.isArray(own)) return [[...path, verb], own]
  return isMap(own) && Array.isArray(own.of) ? [[...path, verb, 'of'], own.of] : null
}

/** The fewest edits from what stands at a path to this condition. */
export function editsTo(path: Path, value: Plain | undefined, next: Cond): Edit[] {
  const made = plainOfCondition(next)
  const before = readCondition(value)
  if (same(plainOfCondition(before), made)) return []
  const found = listIn(path, value)
  const isSame = before.kind === 'group' && next.kind === 'group' && next.spelling === 'map' && before.op === next.op
  return (found && isSame && next.items.length ? listEdits(...found, next) : null) ?? [{ op: 'set', path, value: made }]
}

// --- changes -----------------------------------------------------------------------------------

export const FRESH = 'voltage > 4.2 V'
const spellingOf = (cond: Cond): Spelling => (cond.kind === 'leaf' ? 'text' : cond.kind === 'block' ? 'map' : cond.spelling)

/** The tree with another condition at a place; null takes it out, a group goes with its last one. */
export function replaced(cond: Cond, at: At, put: (here: Cond) => readonly Cond[]): Cond | null {
  const [first, ...rest] = at
  if (first === undefined) return put(cond)[0] ?? null
  if (cond.kind !== 'group') return cond
  const items = cond.items.flatMap((item, index): readonly Cond[] => {
    if (index !== first) return [item]
    if (!rest.length) return put(item)
    const inner = replaced(item, rest, put)
    return inner ? [inner] : []
  })
  const [only] = items
  if (!only) return null
  return items.length === 1 && cond.spelling === 'text' && cond.op !== 'not' ? only : { ...cond, items }
}

export const withText = (tree: Cond, at: At, text: string): Cond => replaced(tree, at, () => [leaf(text)]) ?? tree
export const withOp = (tree: Cond, at: At, op: Op): Cond => replaced(tree, at, (here) => [here.kind === 'group' ? { ...here, op } : here]) ?? tree
export const without = (tree: Cond, at: At): Cond | null => replaced(tree, at, () => [])
/** One more condition in a group; beside a lone one it makes the group. */
export const added = (tree: Cond, at: At, made: Cond = leaf(FRESH)): Cond => replaced(tree, at, (here) => [here.kind === 'group' ? { ...here, items: [...here.items, made] } : { kind: 'group', op: 'and', spelling: spellingOf(here), items: [here, made] }]) ?? tree
/** A condition in a group of its own, with a new one beside it. */
export const wrapped = (tree: Cond, at: At, op: Op, spelling: Spelling): Cond => replaced(tree, at, (here) => [{ kind: 'group', op, spelling: spellingOf(here) === 'map' ? 'map' : spelling, items: [here, leaf(FRESH)] }]) ?? tree
/** The conditions of a group in its place. */
export const unwrapped = (tree: Cond, at: At): Cond => replaced(tree, at, (here) => (here.kind === 'group' ? here.items : [here])) ?? tree

/** `voltage > 4.2 V` in its three parts; null for anything else. */
export function comparison(text: string): { left: string; op: string; right: string } | null {
  const found: [number, string][] = []
  topLevel(text, (rest, at) => {
    const sign = /^(>=|<=|==|!=|>|<)/.exec(rest)?.[0]
    if (!sign) return 0
    found.push([at, sign])
    return sign.length - 1
  })
  const [only, more] = found
  if (!only || more) return null
  const [left, right] = [text.slice(0, only[0]).trim(), text.slice(only[0] + only[1].length).trim()]
  return left && right ? { left, op: only[1], right } : null
}
