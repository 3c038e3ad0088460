/** The name somebody probably meant. */

/** Edits from one word to the other: letters put in, left out, exchanged, swapped. */
export function distance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)))
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity
      const row = rows[i]
      if (row) row[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (isSame ? 0 : 1), swapped)
    }
  }
  return at(a.length, b.length)
}

/** The nearest few, best first; none when all are too far off. */
export function nearest(word: string, known: readonly string[], most = 1): string[] {
  const low = word.toLowerCase()
  const scored = known.filter((name) => name !== word).map((name) => [distance(low, name.toLowerCase()), name] as const)
  return scored.filter(([far]) => far <= Math.max(1, Math.floor(word.length / 3))).sort((a, b) => a[0] - b[0]).slice(0, most).map(([, name]) => name)
}
