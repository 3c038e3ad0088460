/** Expressions of the flow language as people read them; display only, never sent back. */
const SIGNS: [RegExp, string][] = [
  [/<=/g, '≤'],
  [/>=/g, '≥'],
  [/!=/g, '≠'],
  [/==/g, '='],
  [/ \* /g, ' · '],
  [/ - /g, ' − '],
]

export function prettyExpression(text: string): string {
  return SIGNS.reduce((shown, [pattern, sign]) => shown.replace(pattern, sign), text)
}

/** A sentence that holds conditions: comparisons only, for a star may be part of a schedule. */
export function prettySentence(text: string): string {
  return SIGNS.slice(0, 4).reduce((shown, [pattern, sign]) => shown.replace(pattern, sign), text)
}
