/** Finding by a few typed letters: `gd ma` finds "Go to Devices: Manage"; better places first. */

/** How well a text fits, 0 when it does not: starts of words count most, letters in a row more than scattered ones. */
export function fit(search: string, text: string): number {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  const target = text.toLowerCase()
  let sum = words.length ? 0 : 1
  for (const word of words) {
    const one = fitWord(word, target)
    if (!one) return 0
    sum += one
  }
  return sum
}

const startsWord = (text: string, place: number) => place === 0 || !/[\p{L}\p{N}]/u.test(text[place - 1] ?? '')

function fitWord(word: string, text: string): number {
  const at = text.indexOf(word)
  if (at >= 0) return (startsWord(text, at) ? 100 : 60) - Math.min(20, at / 4)
  return initials(word, text) ? 40 : 0
}

/** Every letter begins a word, in order: `cp` for "command palette". */
function initials(word: string, text: string): boolean {
  let next = 0
  for (let place = 0; place < text.length && next < word.length; place += 1) {
    if (text[place] === word[next] && startsWord(text, place)) next += 1
  }
  return next === word.length && word.length > 1
}

/** The fitting ones, best first; equal ones keep their order. */
export function ranked<T>(search: string, items: readonly T[], textOf: (item: T) => string): T[] {
  return items
    .map((item, place) => ({ item, place, score: fit(search, textOf(item)) }))
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score || a.place - b.place)
    .map((one) => one.item)
}
