import { describe, expect, it } from 'vitest'
import { splitDigits } from './options'

describe('splitDigits', () => {
  it.each([
    [[2, 4, 6], 0],
    [[2.5, 2.75, 3], 2],
    [[0, 0.1, 0.2, 0.30000000000000004], 1],
    [[], 0],
  ])('%j needs %s digits', (splits, digits) => expect(splitDigits(splits)).toBe(digits))
})
