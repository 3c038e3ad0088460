import { describe, expect, it } from 'vitest'
import type { Stretch } from '@/api/types'
import { composed, linesOf, usualChoice, type Choice } from './stretches'

const same: Stretch = { origin: 'same', base: 'a\n', mine: 'a\n', theirs: 'a\n' }
const theirs: Stretch = { origin: 'theirs', base: 'b\n', mine: 'b\n', theirs: 'B\nB2\n' }
const mine: Stretch = { origin: 'mine', base: 'c\n', mine: 'C\n', theirs: 'c\n' }
const clash: Stretch = { origin: 'clash', base: 'd\n', mine: 'X\n', theirs: 'Y' }
const all = [same, theirs, mine, clash]
const chosen = (choice: Choice) => composed(all, new Map([[3, choice]]))

describe('two changes put together', () => {
  it('takes what only one side changed', () => expect(composed([same, theirs, mine], new Map())).toBe('a\nB\nB2\nC\n'))
  it('leaves a clash to a person and shows the file until then', () => {
    expect(all.map(usualChoice)).toEqual(['mine', 'theirs', 'mine', null])
    expect(composed(all, new Map())).toBe('a\nB\nB2\nC\nY')
  })
  it('takes what was chosen', () => expect([chosen('mine'), chosen('base'), chosen('theirs')]).toEqual(['X\n', 'd\n', 'Y'].map((end) => `a\nB\nB2\nC\n${end}`)))
  it('glues no lines where both are kept', () => expect(chosen('both')).toBe('a\nB\nB2\nC\nY\nX\n'))
  it('lets a choice go against what is usual', () => expect(composed(all, new Map([[1, 'mine'], [2, 'theirs'], [3, 'mine']]))).toBe('a\nb\nc\nX\n'))
  it('counts lines of the version on disk', () => expect(linesOf(all)).toEqual([1, 2, 4, 5]))
})
