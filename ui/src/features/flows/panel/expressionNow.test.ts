import { expect, it } from 'vitest'
import { readGraph } from '../model/read'
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
