import { describe, expect, it } from 'vitest'
import { readGraph } from '../model/read'
import { firingsOf, keysOf, stepAt } from './result'

const text = 'version: 1\nid: a\nsequence:\n  - {id: up, rest: 1 min}\n  - repeat: 2\n    do:\n      - rest: 1 min\n'

describe('a dry run', () => {
  it('finds the node of a step by what the server calls it, else by its id', () => {
    const graph = readGraph(text)
    const named = keysOf(graph, (node) => (node.verb === 'rest' && !node.id ? { id: 'rest-1', name: null, kind: 'rest', sentence: '', line: node.line } : undefined))
    expect([...named]).toEqual([['up', 'sequence/0'], ['rest-1', 'sequence/1/do/0']])
  })
  it('knows the step at a time', () => {
    const steps = [{ start_s: 0, end_s: 10 }, { start_s: 10, end_s: 20 }]
    expect([stepAt(steps, 0), stepAt(steps, 10), stepAt(steps, 25)]).toEqual([0, 1, -1])
  })
  it('counts firings by rule', () => {
    const fired = [{ at: 3, rule: 'a/x', outcome: 'done' }, { at: 5, rule: 'a/y', outcome: 'done' }, { at: 9, rule: 'a/x', outcome: 'done' }]
    expect(firingsOf(fired)).toEqual([{ rule: 'a/x', count: 2, first: 3 }, { rule: 'a/y', count: 1, first: 5 }])
    expect(firingsOf(undefined)).toEqual([])
  })
})
