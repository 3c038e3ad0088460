import { expect, it } from 'vitest'
import { readGraph } from '../model/read'
import { wordAt } from './names'
import { askedOf, defaultsOf } from './expressionNow'

it('parameters stand for what the file gives them', () => {
  const graph = readGraph('version: 1\nid: a\nparameters:\n  low: 3 V\n  high: {default: 4 V, min: 1 V}\n  free: {min: 1 V}\n')
  expect(defaultsOf(graph)).toEqual({ low: '3 V', high: '4 V' })
  expect(defaultsOf(readGraph('version: 1\n'))).toEqual({})
})
it('each expression is asked for once, and no more than the server takes', () => {
  expect(askedOf([{ text: 'a' }, { text: 'b' }, { text: 'a' }])).toEqual(['a', 'b'])
  expect(askedOf(Array.from({ length: 50 }, (_, n) => ({ text: String(n) })))).toHaveLength(32)
})
it('a unit behind a number is no name to be completed', () => {
  for (const text of ['temp < 40 °C', 'temp < 40 C', 'current > 5 µA']) expect(wordAt(text, text.length).word).toBe('')
})
