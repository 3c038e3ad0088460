/** Lines of two texts with a mark where they differ (longest common subsequence of lines). */
export interface MarkedLine {
  text: string
  differs: boolean
}

/** How many lines are equal at the start of both. */
function shared(a: readonly string[], b: readonly string[]): number {
  let count = 0
  while (count < a.length && count < b.length && a[count] === b[count]) count += 1
  return count
}

/** Lengths of the longest common subsequences of the rests. */
function lengths(a: readonly string[], b: readonly string[]): (i: number, j: number) => number {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  const at = (i: number, j: number) => table[i]?.[j] ?? 0
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) (table[i] as Uint32Array)[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
  }
  return at
}

/** Pairs of equal lines, longest common subsequence; equal heads and tails need no table. */
export function pairs(a: readonly string[], b: readonly string[]): [number, number][] {
  const head = shared(a, b)
  const tail = shared(a.slice(head).reverse(), b.slice(head).reverse())
  const [left, right] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)]
  const at = lengths(left, right)
  const found: [number, number][] = Array.from({ length: head }, (_, n) => [n, n])
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    if (left[i] === right[j]) found.push([head + i++, head + j++])
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1
    else j += 1
  }
  return [...found, ...Array.from({ length: tail }, (_, n): [number, number] => [a.length - tail + n, b.length - tail + n])]
}

export function differingLines(left: string, right: string): { left: MarkedLine[]; right: MarkedLine[] } {
  const a = left.split('\n')
  const b = right.split('\n')
  const kept = pairs(a, b)
  const [keptLeft, keptRight] = [new Set(kept.map(([place]) => place)), new Set(kept.map(([, place]) => place))]
  return {
    left: a.map((text, place) => ({ text, differs: !keptLeft.has(place) })),
    right: b.map((text, place) => ({ text, differs: !keptRight.has(place) })),
  }
}
