/** Lines of two texts with a mark where they differ (longest common subsequence of lines). */
export interface MarkedLine {
  text: string
  differs: boolean
}

function commonTable(a: string[], b: string[]): Uint32Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const row = table[i] as Uint32Array
      const below = table[i + 1] as Uint32Array
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0)
    }
  }
  return table
}

export function differingLines(left: string, right: string): { left: MarkedLine[]; right: MarkedLine[] } {
  const a = left.split('\n')
  const b = right.split('\n')
  const table = commonTable(a, b)
  const keptLeft = new Set<number>()
  const keptRight = new Set<number>()
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      keptLeft.add(i++)
      keptRight.add(j++)
    } else if ((table[i + 1]?.[j] ?? 0) >= (table[i]?.[j + 1] ?? 0)) i += 1
    else j += 1
  }
  return {
    left: a.map((text, place) => ({ text, differs: !keptLeft.has(place) })),
    right: b.map((text, place) => ({ text, differs: !keptRight.has(place) })),
  }
}
