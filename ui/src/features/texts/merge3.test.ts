import { describe, expect, it } from 'vitest'
import { mergedText, stretchesOf, usualChoice, type Choice } from './merge3'

const text = (...lines: string[]) => lines.map((line) => `${line}\n`).join('')
const base = text('a', 'b', 'c', 'd', 'e')
const none = new Map<number, Choice>()
const origins = (mine: string, theirs: string, from: string | null = base) => stretchesOf(from, mine, theirs).map((one) => one.origin)

describe('three texts put together', () => {
  it('takes changes that do not meet from both sides', () => {
    const [mine, theirs] = [text('a', 'B', 'c', 'd', 'e'), text('a', 'b', 'c', 'd', 'E', 'f')]
    expect(origins(mine, theirs)).toEqual(['same', 'mine', 'same', 'theirs'])
    expect(mergedText(stretchesOf(base, mine, theirs), none)).toBe(text('a', 'B', 'c', 'd', 'E', 'f'))
  })
  it('leaves the same line changed twice to a person', () => {
    const stretches = stretchesOf(base, text('a', 'b', 'X', 'd', 'e'), text('a', 'b', 'Y', 'd', 'e'))
    expect(stretches.map(usualChoice)).toEqual(['mine', null, 'mine'])
    expect(mergedText(stretches, none)).toBe(text('a', 'b', 'Y', 'd', 'e'))
    expect(mergedText(stretches, new Map([[1, 'mine']]))).toBe(text('a', 'b', 'X', 'd', 'e'))
    expect(mergedText(stretches, new Map([[1, 'both']]))).toBe(text('a', 'b', 'Y', 'X', 'd', 'e'))
    expect(mergedText(stretches, new Map([[1, 'base']]))).toBe(base)
  })
  it('holds changes in neighbouring lines for one', () => expect(origins(text('a', 'B', 'c', 'd', 'e'), text('a', 'b', 'C', 'd', 'e'))).toEqual(['same', 'clash', 'same']))
  it('does not ask about the same change in both', () => expect(origins(text('a', 'X', 'c', 'd', 'e'), text('a', 'X', 'c', 'd', 'e'))).toEqual(['same', 'both', 'same']))
  it('asks about every difference when nobody knows the base', () => {
    const stretches = stretchesOf(null, text('a', 'new', 'b'), text('a', 'b', 'end'))
    expect(stretches.map((one) => one.origin)).toEqual(['same', 'clash', 'same', 'clash'])
    expect(mergedText(stretches, new Map([[1, 'mine'], [3, 'theirs']]))).toBe(text('a', 'new', 'b', 'end'))
  })
  it('keeps a last line without an end as it is', () => {
    const bare = 'a\nb'
    expect(mergedText(stretchesOf(bare, 'a\nb', 'a\nB'), none)).toBe('a\nB')
    expect(mergedText(stretchesOf(bare, 'a\nX', 'a\nY'), new Map([[1, 'both']]))).toBe('a\nY\nX')
  })
  it('gives back either side when all is chosen from it', () => {
    const [mine, theirs] = [text('x', 'a', 'c', 'd', 'q'), text('b', 'c', 'z', 'e')]
    for (const side of ['mine', 'theirs'] as const) {
      const stretches = stretchesOf(base, mine, theirs)
      expect(mergedText(stretches, new Map(stretches.map((_, n) => [n, side])))).toBe(side === 'mine' ? mine : theirs)
    }
  })
})
