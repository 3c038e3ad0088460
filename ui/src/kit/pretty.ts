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
