/**
 * Where the cursor stands in a YAML text: the path of keys above it, read from indentation.
 *
 * Works on half-typed lines, where a YAML parser has nothing to say. List places are `0`: the schema asks only for
 * "an item". Flow style (`{a: 1}`) on one line is followed by its brackets.
 */
export interface Place {
  path: (string | 0)[]
  /** What is typed so far of the key or value at the cursor. */
  word: string
  /** Set when the cursor stands behind `key: `: the value of this key is being typed. */
  valueOf: string | null
  /** Keys that the same mapping already has. */
  siblings: string[]
}

const KEY = /^([A-Za-z_$][\w.$-]*):(?:\s|$)/

interface Line {
  indent: number
  /** Columns at which a list item of this line begins. */
  dashes: number[]
  key: string | null
  rest: string
}

function readLine(text: string): Line | null {
  if (!text.trim() || text.trim().startsWith('#')) return null
  let column = text.length - text.trimStart().length
  let rest = text.slice(column)
  const dashes: number[] = []
  while (/^-(\s|$)/.test(rest)) {
    dashes.push(column)
    const skip = /^-\s*/.exec(rest)?.[0].length ?? 1
    column += skip
    rest = rest.slice(skip)
  }
  const key = KEY.exec(rest)?.[1] ?? null
  return { indent: column, dashes, key, rest: key ? rest.slice(key.length + 1).trimStart() : rest }
}

interface Frame {
  column: number
  part: string | 0
}

/** What a line opens for the lines below it, innermost first: its key without a value, then its dashes. */
function framesOf(line: Line): Frame[] {
  const dashes = line.dashes.map((column): Frame => ({ column, part: 0 })).reverse()
  return line.key && !line.rest ? [{ column: line.indent, part: line.key }, ...dashes] : dashes
}

/** A frame holds what begins further right; a list may also stand in the column of its key. */
function holds(frame: Frame, line: Line, level: number, path: (string | 0)[]): boolean {
  if (frame.column < level) return true
  return frame.column === level && frame.part !== 0 && path[0] === 0 && line.dashes.length === 0
}

/** Path given by the lines above for something at column `indent`. */
function pathAbove(lines: string[], upTo: number, indent: number, dashes: number[]): (string | 0)[] {
  const path: (string | 0)[] = dashes.map(() => 0 as const)
  let level = dashes[0] ?? indent
  for (let number = upTo - 1; number >= 0 && (level > 0 || path[0] === 0); number -= 1) {
    const line = readLine(lines[number] ?? '')
    for (const frame of line ? framesOf(line) : []) {
      if (!line || !holds(frame, line, level, path)) continue
      path.unshift(frame.part)
      level = frame.column
    }
  }
  return path
}

/** Whether a line ends the mapping at column `indent`, seen while walking down (1) or up (-1). */
function leaves(line: Line, indent: number, step: number): boolean {
  if (line.indent < indent) return !line.dashes.includes(indent)
  return step === 1 && line.dashes.some((dash) => dash < indent)
}

function keysTowards(lines: string[], at: number, indent: number, step: 1 | -1): string[] {
  const found: string[] = []
  for (let number = at + step; number >= 0 && number < lines.length; number += step) {
    const line = readLine(lines[number] ?? '')
    if (!line) continue
    if (leaves(line, indent, step)) break
    if (line.indent !== indent) continue
    if (line.key) found.push(line.key)
    if (line.dashes.length) break
  }
  return found
}

/** Keys of the mapping around the cursor; a line that begins with a dash has nothing of it above. */
function siblingsOf(lines: string[], at: number, indent: number, first: boolean): string[] {
  const above = first ? [] : keysTowards(lines, at, indent, -1)
  return [...above, ...keysTowards(lines, at, indent, 1)]
}

interface Bracket {
  keys: (string | 0)[]
  used: string[]
}

/** Follows brackets on the line before the cursor: `charge: {current: 1 A, vol|`. */
function insideBrackets(text: string): { keys: (string | 0)[]; tail: string; used: string[] } | null {
  const open: Bracket[] = []
  let start = 0
  for (const sign of text.matchAll(/[{}[\],]/g)) {
    const piece = text.slice(start, sign.index)
    start = sign.index + 1
    if (sign[0] === '{' || sign[0] === '[') open.push(bracketAfter(piece, sign[0] === '['))
    else if (sign[0] !== ',') open.pop()
    else open.at(-1)?.used.push(...(/^\s*([\w$-]+):/.exec(piece)?.slice(1) ?? []))
  }
  const last = open.at(-1)
  return last ? { keys: open.flatMap((bracket) => bracket.keys), tail: text.slice(start).trimStart(), used: last.used } : null
}

function bracketAfter(piece: string, list: boolean): Bracket {
  const key = /([\w$-]+):\s*$/.exec(piece)?.[1]
  return { keys: [...(key ? [key] : []), ...(list ? [0 as const] : [])], used: [] }
}

export function placeAt(text: string, position: number): Place {
  const before = text.slice(0, position)
  const lines = text.split('\n')
  const number = before.split('\n').length - 1
  const head = before.slice(before.lastIndexOf('\n') + 1)
  const line = readLine(head) ?? { indent: head.length, dashes: [], key: null, rest: '' }
  const path = pathAbove(lines, number, line.indent, line.dashes)

  const nested = insideBrackets(head)
  if (nested) {
    const match = /^([\w$-]+):\s*(.*)$/.exec(nested.tail)
    const inner = [...path, ...nested.keys]
    return { path: inner, word: match ? (match[2] ?? '') : nested.tail, valueOf: match ? (match[1] ?? null) : null, siblings: nested.used }
  }
  const siblings = siblingsOf(lines, number, line.indent, line.dashes.length > 0)
  if (line.key) return { path, word: line.rest, valueOf: line.key, siblings }
  return { path, word: line.rest, valueOf: null, siblings }
}
