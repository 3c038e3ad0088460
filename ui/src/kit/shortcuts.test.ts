import { afterEach, describe, expect, it, vi } from 'vitest'
import { press, register, setLetters, shortcuts, startShortcuts, strokeOf, type Shortcut } from './shortcuts'

const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false }
const one = (keys: string, run: () => void = () => undefined, everywhere = false): Shortcut => ({ id: keys, keys, title: () => keys, group: () => 'test', run, everywhere })
const left: (() => void)[] = []
const add = (...list: Shortcut[]) => left.push(register(list))
afterEach(() => {
  left.splice(0).forEach((leave) => leave())
  document.body.innerHTML = ''
  setLetters(true)
})

describe('shortcuts', () => {
  it('names a stroke the same whether Shift was needed for the character or not', () => {
    expect(strokeOf({ ...plain, key: '?', shiftKey: true })).toBe('?')
    expect(strokeOf({ ...plain, key: 'k', ctrlKey: true })).toBe('Ctrl+K')
    expect(strokeOf({ ...plain, key: 'X', ctrlKey: true, shiftKey: true })).toBe('Ctrl+Shift+X')
    expect(strokeOf({ ...plain, key: 'Escape', shiftKey: true })).toBe('Shift+Escape')
    expect(strokeOf({ ...plain, key: 'G' })).toBe('g')
  })
  it('runs two strokes one after the other, not with a long pause between', () => {
    add(one('g d'))
    expect(press('g', false, 10_000)).toBe('begun')
    expect(press('d', false, 10_500)).toMatchObject({ keys: 'g d' })
    press('g', false, 20_000)
    expect(press('d', false, 25_000)).toBeNull()
  })
  it('starts over when the second stroke begins another sequence', () => {
    add(one('g d'), one('m'))
    press('g', false, 30_000)
    expect(press('m', false, 30_100)).toMatchObject({ keys: 'm' })
  })
  it('lets the newest win and gives the keys back when it leaves', () => {
    add(one('m'))
    const leave = register([{ ...one('m'), id: 'newer' }])
    expect(press('m', false, 40_000)).toMatchObject({ id: 'newer' })
    leave()
    expect(press('m', false, 40_100)).toMatchObject({ id: 'm' })
    expect(shortcuts.value).toHaveLength(1)
  })
  it('turns letters off but never the way to switch everything off', () => {
    add(one('m'), one('Shift+Escape'))
    setLetters(false)
    expect(press('m', false, 50_000)).toBeNull()
    expect(press('Shift+Escape', false, 50_100)).toMatchObject({ keys: 'Shift+Escape' })
  })
  it('leaves letters alone while a person types, except what works everywhere', () => {
    const letter = vi.fn()
    const panic = vi.fn()
    add(one('m', letter), one('Shift+Escape', panic, true))
    left.push(startShortcuts())
    document.body.innerHTML = '<input id="field" />'
    const field = document.getElementById('field')
    field?.dispatchEvent(new KeyboardEvent('keydown', { key: 'm', bubbles: true }))
    field?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', shiftKey: true, bubbles: true }))
    expect(letter).not.toHaveBeenCalled()
    expect(panic).toHaveBeenCalledOnce()
    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'm', bubbles: true }))
    expect(letter).toHaveBeenCalledOnce()
  })
})
