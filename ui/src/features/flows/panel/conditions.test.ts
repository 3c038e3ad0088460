import { describe, expect, it } from 'vitest'
import type { Plain } from '../model/graph'
import { added, comparison, editsTo, plainOfCondition, readCondition, readText, textOfCondition, unwrapped, withOp, without, withText, wrapped } from './conditions'

const shape = (text: string): unknown => JSON.parse(JSON.stringify(readText(text), (key, value: unknown) => (key === 'spelling' || key === 'kind' ? undefined : value)))

describe('conditions as trees', () => {
  const texts: [string, unknown][] = [
    ['voltage > 4 V', { text: 'voltage > 4 V' }],
    ['a > 1 and (b > 2 or c > 3)', { op: 'and', items: [{ text: 'a > 1' }, { op: 'or', items: [{ text: 'b > 2' }, { text: 'c > 3' }] }] }],
    ['a and b and c', { op: 'and', items: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] }],
    ['a or b and c', { op: 'or', items: [{ text: 'a' }, { op: 'and', items: [{ text: 'b' }, { text: 'c' }] }] }],
    ['not (a or b)', { op: 'not', items: [{ text: 'a' }, { text: 'b' }] }],
    ['not a', { op: 'not', items: [{ text: 'a' }] }],
    ['x == "this or that"', { text: 'x == "this or that"' }],
    ['max(a, 1 if b and c else 2) > 3', { text: 'max(a, 1 if b and c else 2) > 3' }],
    ['(a > 1) and (b > 2)', { op: 'and', items: [{ text: 'a > 1' }, { text: 'b > 2' }] }],
    ['(a + b) * (c + d) > 3', { text: '(a + b) * (c + d) > 3' }],
  ]
  it.each(texts)('%s', (text, tree) => expect(shape(text)).toEqual(tree))
  it.each(texts)('%s is written so that it means the same', (text, tree) => expect(shape(textOfCondition(readText(text)))).toEqual(tree))

  const MAP: Plain = { all: ['a > 1', { any: ['b > 2', { state: { point: 'P', is: 'on' } }] }] }
  it('a map stays a map', () => expect(plainOfCondition(readCondition(MAP))).toEqual(MAP))

  const path = ['rules', 0, 'if']
  const edits: [string, Plain, (tree: ReturnType<typeof readCondition>) => ReturnType<typeof readCondition> | null, unknown][] = [
    ['a value inside is one line', MAP, (tree) => withText(tree, [1, 0], 'b > 9'), [{ op: 'set', path: [...path, 'all', 1, 'any', 0], value: 'b > 9' }]],
    ['one more is inserted', MAP, (tree) => added(tree, [1]), [{ op: 'insert', path: [...path, 'all', 1, 'any', 2], value: 'voltage > 4.2 V' }]],
    ['one less is removed', MAP, (tree) => without(tree, [1, 0]), [{ op: 'remove', path: [...path, 'all', 1, 'any', 0] }]],
    ['one in front goes out alone', { any: ['a', 'b', 'c'] }, (tree) => without(tree, [0]), [{ op: 'remove', path: [...path, 'any', 0] }]],
    ['another word for the group', { any: ['a', 'b'] }, (tree) => withOp(tree, [], 'and'), [{ op: 'set', path, value: { all: ['a', 'b'] } }]],
    ['a group of its own', { any: ['a', 'b'] }, (tree) => wrapped(tree, [1], 'and', 'map'), [{ op: 'set', path: [...path, 'any', 1], value: { all: ['b', 'voltage > 4.2 V'] } }]],
    ['out of its group', { all: ['a', { any: ['b', 'c'] }] }, (tree) => unwrapped(tree, [1]), [{ op: 'set', path, value: { all: ['a', 'b', 'c'] } }]],
    ['an expression stays one', 'a and b', (tree) => wrapped(tree, [1], 'or', 'text'), [{ op: 'set', path, value: 'a and (b or voltage > 4.2 V)' }]],
    ['the last but one leaves no group', 'a and b', (tree) => without(tree, [0]), [{ op: 'set', path, value: 'b' }]],
    ['an expression inside a map', { all: ['a or b', 'c'] }, (tree) => withText(tree, [0, 1], 'd'), [{ op: 'set', path: [...path, 'all', 0], value: 'a or d' }]],
    ['the long form of a list', { not: { of: ['a', 'b'] } }, (tree) => withText(tree, [1], 'c'), [{ op: 'set', path: [...path, 'not', 'of', 1], value: 'c' }]],
    ['nothing changed, nothing written', MAP, (tree) => tree, []],
  ]
  it.each(edits)('%s', (_, value, change, wanted) => {
    const next = change(readCondition(value))
    expect(next && editsTo(path, value, next)).toEqual(wanted)
  })
  it('a comparison has three parts, anything else has none', () => {
    expect(comparison('abs(current) <= 50 mA')).toEqual({ left: 'abs(current)', op: '<=', right: '50 mA' })
    expect(comparison('1 V < voltage < 4 V')).toBeNull()
    expect(comparison('is_stale(PSU_01.u_out)')).toBeNull()
    expect(comparison('max(a > 1, b)')).toBeNull()
  })
})
