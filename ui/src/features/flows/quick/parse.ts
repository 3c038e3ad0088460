/**
 * A phrase a person types into pieces of a flow: `cc 1.5a 4.2v, r 30m, 3x, t>45`.
 *
 * Pure; what it cannot read it says. Commas separate, but not inside brackets, quotes or a number.
 */
import { isMap, type NodeKind, type Plain, type PlainMap } from '../model/graph'
import { blocksFor, type Block } from '../palette/blocks'
import { condition, endOf, isCondition, limitOf, ruleOf } from './conditions'
import { charge, discharge, duration } from './drives'
import { meant, quantity, wordsOf } from './quantities'

export type Piece = { kind: NodeKind; value: Plain } | { repeat: string }
export type Problem = { what: 'unknown' | 'number' | 'missing' | 'place' | 'empty'; word: string }
export type Read = { pieces: Piece[]; problem: Problem | null }

const isProblem = (made: unknown): made is Problem => typeof made === 'object' && made !== null && 'what' in made
const bad = (what: Problem['what'], word: string): Problem => ({ what, word })

/** Where a comma stands between two digits it is a decimal one, unless a count follows: `4.2v,3x`, `1,3x`. */
const isDecimal = (text: string, at: number) => /[\d]/.test(text[at - 1] ?? '') && /^\d+(?!\d*\s*x\b)/i.test(text.slice(at + 1)) && !/^\d+\s*x\b/i.test(text.slice(at + 1))

/** What a sign opens or closes: brackets count, a quote holds until the next one. */
const DEPTH: Record<string, number> = { '(': 1, '[': 1, '{': 1, ')': -1, ']': -1, '}': -1 }

export function phrases(text: string): string[] {
  const found: string[] = ['']
  let depth = 0
  let quoted = false
  for (const [at, sign] of text.split('').entries()) {
    if (sign === '"') quoted = !quoted
    else if (!quoted) depth = Math.max(0, depth + (DEPTH[sign] ?? 0))
    const separates = !quoted && depth === 0 && (sign === ';' || (sign === ',' && !isDecimal(text, at)))
    if (separates) found.push('')
    else found[found.length - 1] += sign
  }
  return found.map((one) => one.trim()).filter(Boolean)
}

const unquoted = (text: string): string => /^"(.*)"$/.exec(text.trim())?.[1] ?? text.trim()
/** What a marker says when nobody says it: what has just been done. */
const AFTER: Record<string, string> = { charge: 'Charged', discharge: 'Discharged', rest: 'Rested', repeat: 'Cycles done' }

type Build = (rest: string, word: string, before: Piece[]) => Plain | Problem

const drive = (make: (rest: string, word: string) => PlainMap | string): Build => (rest, word) => {
  const made = make(rest, word.toLowerCase())
  return typeof made === 'string' ? bad('number', made) : made
}
const timed = (verb: string, otherwise: string): Build => (rest) => {
  const time = duration(rest, otherwise)
  return time === null ? bad('number', rest) : { [verb]: time }
}

function waitFor(rest: string): Plain | Problem {
  const words = wordsOf(rest)
  const last = quantity(words.at(-1) ?? '')
  const [expr, timeout] = last?.dimension === 'time' && words.length > 1 && isCondition(words.slice(0, -1).join(' ')) && !/[<>=]$/.test(words.at(-2) ?? '') ? [words.slice(0, -1).join(' '), last.text] : [rest, '1 h']
  return isCondition(expr) ? { wait_for: condition(expr), timeout } : bad('missing', 'wait_for')
}

function setting(rest: string): Plain | Problem {
  const pairs = rest.split(/\s+(?=[A-Za-z_]\w*\.[\w.]+)/).map((pair) => /^([A-Za-z_][\w.]*)\s*(?:=|:|\s+to\s+|\s)\s*(.+)$/.exec(pair.trim()))
  if (!pairs.length || pairs.some((pair) => !pair)) return bad('missing', 'set')
  return { set: Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', meant(pair?.[2] ?? '', 'none')])) }
}

function goto(rest: string): Plain | Problem {
  const [target = '', most] = rest.split(/\s+/)
  return { goto: target, max: /^\d+/.exec(most ?? '')?.[0] ?? '1' }
}

const fork = (rest: string, kind: NodeKind): Plain | Problem => {
  const [check, then] = rest.split(/\s+then\s+|\s*:\s+/)
  if (!check || !isCondition(check)) return bad('missing', 'if')
  const inner = parse(then ?? '', kind)
  if (then && (inner.problem || inner.pieces.some((piece) => 'repeat' in piece))) return inner.problem ?? bad('place', then)
  const steps = inner.pieces.flatMap((piece) => ('value' in piece ? [piece.value] : []))
  return { if: condition(check), then: steps.length ? steps : [{ wait: '1 min' }] }
}

const marker: Build = (rest, _word, before) => {
  const last = before.at(-1)
  const verb = last && 'value' in last && isMap(last.value) ? Object.keys(AFTER).find((key) => key in (last.value as PlainMap)) : last ? 'repeat' : undefined
  return { marker: unquoted(rest) || AFTER[verb ?? ''] || 'Note' }
}

const BUILD: Record<string, (kind: NodeKind) => Build> = {
  charge: () => drive(charge), discharge: () => drive(discharge), rest: () => timed('rest', '30 min'), wait: () => timed('wait', '10 s'),
  wait_for: () => (rest) => (rest ? waitFor(rest) : { wait_for: 'temp < 30 °C', timeout: '1 h' }), set: () => (rest) => (rest ? setting(rest) : { set: { 'PSU_01.v_set': '4.2 V' } }), goto: () => (rest) => (rest ? goto(rest) : { goto: 'again', max: '1' }), if: (kind) => (rest) => (rest ? fork(rest, kind) : { if: 'temp > 40 °C', then: [{ wait: '1 min' }] }), marker: () => marker,
  limit: () => (rest) => limitOf(rest || 't>50'), end: () => (rest) => endOf(rest || '1h') ?? bad('missing', 'end'),
}

/** A block with words behind it: they become its value, `key=value` its keys. */
function filled(block: Block, rest: string): Plain | Problem {
  if (!rest) return block.value
  if (block.args === undefined || !isMap(block.value)) return bad('place', rest)
  const pairs = [...rest.matchAll(/(?:^|\s)([a-z_]+)=("[^"]*"|\S+)/g)]
  const plain = unquoted(rest.replaceAll(/(?:^|\s)([a-z_]+)=("[^"]*"|\S+)/g, ''))
  const read = quantity(plain) ? (quantity(plain)?.text ?? plain) : isCondition(plain) ? condition(plain) : plain
  const own = block.value[block.verb]
  const extra = Object.fromEntries(pairs.map((pair) => [pair[1] ?? '', unquoted(pair[2] ?? '')]))
  if (block.args === '') return { ...block.value, ...(plain ? { [block.verb]: read } : {}), ...extra }
  if (isMap(own)) return { ...block.value, [block.verb]: { ...own, ...(plain ? { [block.args]: read } : {}), ...extra } }
  return { ...block.value, [block.args]: read, ...extra }
}

/** The block whose name or other word this is. */
export function blockOf(word: string, kind: NodeKind): Block | null {
  const wanted = word.toLowerCase().replaceAll('-', '_')
  const here = blocksFor(kind)
  return here.find((block) => block.verb === wanted) ?? here.find((block) => block.words.includes(wanted)) ?? null
}

/** What a bare comparison becomes in a list of this kind. */
function compared(text: string, kind: NodeKind): Piece | Problem {
  if (kind === 'limit') return { kind, value: limitOf(text) }
  if (kind === 'trigger') return { kind, value: { expr: condition(text) } }
  if (kind === 'check') return { kind, value: condition(text) }
  if (kind === 'end') return { kind, value: endOf(text) ?? condition(text) }
  if (kind === 'action') return { kind, value: { wait_for: condition(text), timeout: '1 h' } }
  return { kind: 'rule', value: ruleOf(text) }
}

/** `limit t>50` and `rule t>45` go to their sections from wherever they are typed. */
function elsewhere(text: string): Piece | null {
  const found = /^(limit|rule|trip)\s+(.+)$/i.exec(text)
  if (!found || !isCondition(found[2] ?? '')) return null
  return found[1]?.toLowerCase() === 'rule' ? { kind: 'rule', value: ruleOf(found[2] ?? '') } : { kind: 'limit', value: limitOf(found[2] ?? '') }
}

function countOf(text: string, kind: NodeKind): string {
  const found = kind === 'step' || kind === 'action' ? /^(?:x\s*(\d+)|(\d+|\$\w+)\s*[x×])$/i.exec(text) : null
  return found?.[1] ?? found?.[2] ?? ''
}

function pieceOf(text: string, kind: NodeKind, before: Piece[]): Piece | Problem {
  const count = countOf(text, kind)
  if (count) return { repeat: count }
  const section = elsewhere(text)
  if (section) return section
  const [word = ''] = text.split(/\s+/)
  const rest = text.slice(word.length).trim()
  const block = blockOf(word, kind)
  if (!block) return isCondition(text) || (kind === 'end' && endOf(text)) ? compared(text, kind) : bad('unknown', word)
  const build = BUILD[block.verb]?.(kind)
  const value = build ? build(rest, word, before) : filled(block, rest)
  return isProblem(value) ? value : { kind, value }
}

/** Reads all of it, or tells the first thing it cannot read. */
export function parse(text: string, kind: NodeKind): Read {
  const pieces: Piece[] = []
  for (const phrase of phrases(text)) {
    const made = pieceOf(phrase, kind, pieces)
    if (isProblem(made)) return { pieces, problem: made }
    pieces.push(made)
  }
  return { pieces, problem: null }
}
