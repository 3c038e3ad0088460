/**
 * Three texts put together by lines: what only one side changed is taken, what both changed is a person's choice.
 *
 * Changes in neighbouring lines belong together, as on the server.
 */
import { pairs } from './lines'

export type Origin = 'same' | 'mine' | 'theirs' | 'both' | 'clash'
export type Choice = 'mine' | 'theirs' | 'both' | 'base'

export interface Stretch {
  origin: Origin
  /** Lines with their ends. */
  base: string[]
  mine: string[]
  theirs: string[]
}

interface Hunk {
  /** Lines of the base that are replaced. */
  from: number
  to: number
  lines: string[]
}

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? []

function hunksOf(base: readonly string[], side: readonly string[]): Hunk[] {
  const hunks: Hunk[] = []
  let [i, j] = [0, 0]
  for (const [a, b] of [...pairs(base, side), [base.length, side.length] as [number, number]]) {
    if (a > i || b > j) hunks.push({ from: i, to: a, lines: side.slice(j, b) })
    i = a + 1
    j = b + 1
  }
  return hunks
}

/** The lines of one side for a stretch of the base. */
function sideOf(base: readonly string[], hunks: readonly Hunk[], from: number, to: number): string[] {
  const found: string[] = []
  let at = from
  for (const hunk of hunks) {
    found.push(...base.slice(at, hunk.from), ...hunk.lines)
    at = hunk.to
  }
  return [...found, ...base.slice(at, to)]
}

const isSame = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((line, n) => line === b[n])

function originOf(mine: readonly Hunk[], theirs: readonly Hunk[], same: boolean): Origin {
  if (!theirs.length) return 'mine'
  if (!mine.length) return 'theirs'
  return same ? 'both' : 'clash'
}

/** Without a base every difference is a clash. */
export function stretchesOf(base: string | null, mine: string, theirs: string): Stretch[] {
  const [left, right] = [linesOf(mine), linesOf(theirs)]
  if (base === null) return withoutBase(left, right)
  const lines = linesOf(base)
  const all = [...hunksOf(lines, left).map((hunk) => ({ ...hunk, side: 'mine' as const })), ...hunksOf(lines, right).map((hunk) => ({ ...hunk, side: 'theirs' as const }))].sort((a, b) => a.from - b.from || a.to - b.to)
  const found: Stretch[] = []
  let at = 0
  for (let n = 0; n < all.length; ) {
    const first = all[n] as (typeof all)[number]
    let to = first.to
    let end = n + 1
    while (end < all.length && (all[end]?.from ?? 0) <= to) to = Math.max(to, all[end++]?.to ?? 0)
    const group = all.slice(n, end)
    const [ours, others] = [group.filter((hunk) => hunk.side === 'mine'), group.filter((hunk) => hunk.side === 'theirs')]
    const [a, b] = [sideOf(lines, ours, first.from, to), sideOf(lines, others, first.from, to)]
    if (first.from > at) found.push(equal(lines.slice(at, first.from)))
    found.push({ origin: originOf(ours, others, isSame(a, b)), base: lines.slice(first.from, to), mine: a, theirs: b })
    at = to
    n = end
  }
  return at < lines.length ? [...found, equal(lines.slice(at))] : found
}

const equal = (lines: string[]): Stretch => ({ origin: 'same', base: lines, mine: lines, theirs: lines })

function withoutBase(mine: string[], theirs: string[]): Stretch[] {
  const found: Stretch[] = []
  let at = 0
  for (const hunk of hunksOf(theirs, mine)) {
    if (hunk.from > at) found.push(equal(theirs.slice(at, hunk.from)))
    found.push({ origin: 'clash', base: [], mine: hunk.lines, theirs: theirs.slice(hunk.from, hunk.to) })
    at = hunk.to
  }
  return at < theirs.length ? [...found, equal(theirs.slice(at))] : found
}

/** What is taken unless a person says otherwise; null: they must say. */
export function usualChoice(stretch: Stretch): Choice | null {
  if (stretch.origin === 'clash') return null
  return stretch.origin === 'theirs' ? 'theirs' : 'mine'
}

const withEnd = (lines: string[]) => lines.map((line, n) => (n === lines.length - 1 && !line.endsWith('\n') ? `${line}\n` : line))

/** The text that comes out; where nothing is chosen yet, the version on disk stands. */
export function mergedText(stretches: readonly Stretch[], choices: ReadonlyMap<number, Choice>): string {
  return stretches.map((stretch, n) => {
    const choice = choices.get(n) ?? usualChoice(stretch) ?? 'theirs'
    return (choice === 'both' ? [...withEnd(stretch.theirs), ...stretch.mine] : stretch[choice]).join('')
  }).join('')
}
