/** What a person chooses where two changes of one text were put together by the server; the text that comes of it. */
import type { Stretch } from '@/api/types'

export type Choice = 'mine' | 'theirs' | 'both' | 'base'

/** What is taken unless a person says otherwise; null: they must say. */
export function usualChoice(stretch: Stretch): Choice | null {
  if (stretch.origin === 'clash') return null
  return stretch.origin === 'theirs' ? 'theirs' : 'mine'
}

const withEnd = (text: string) => (text && !text.endsWith('\n') ? `${text}\n` : text)

/** Where nothing is chosen yet, the version on disk stands. */
export function composed(stretches: readonly Stretch[], choices: ReadonlyMap<number, Choice>): string {
  return stretches.map((stretch, n) => {
    const choice = choices.get(n) ?? usualChoice(stretch) ?? 'theirs'
    return choice === 'both' ? withEnd(stretch.theirs) + stretch.mine : stretch[choice]
  }).join('')
}

/** The line each stretch begins at in the version on disk. */
export function linesOf(stretches: readonly Stretch[]): number[] {
  let line = 1
  return stretches.map(({ theirs }) => {
    const at = line
    line += theirs.split('\n').length - 1
    return at
  })
}
