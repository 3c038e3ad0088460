import { describe, expect, it } from 'vitest'
import { fit, ranked } from './find'

describe('finding', () => {
  it('prefers the start of a word to its middle, and both to initials', () => {
    const items = ['Alarm history', 'Start recording', 'Restart server', 'Switch to automatic run test']
    expect(ranked('start', items, (text) => text)).toEqual(['Start recording', 'Restart server', 'Switch to automatic run test'])
    expect(fit('ah', 'Alarm history')).toBeGreaterThan(0)
  })
  it('wants every word somewhere', () => {
    expect(fit('supply edit', 'Edit Supply PSU_01')).toBeGreaterThan(0)
    expect(fit('supply delete', 'Edit Supply PSU_01')).toBe(0)
  })
  it('shows everything in its order when nothing is typed', () => {
    expect(ranked(' ', ['b', 'a'], (text) => text)).toEqual(['b', 'a'])
  })
})
