import { describe, expect, it } from 'vitest'
import { readGraph } from '../model/read'
import { marksOf, partsOf } from './parts'

const before = readGraph('version: 1\nid: a\nsequence:\n  - {id: up, charge: {current: 1 A}, until: [{name: late, when: step.time > 1 h}]}\n  - {id: gone, rest: 1 min}\n')
const after = readGraph('version: 1\nid: a\nsequence:\n  - {id: up, charge: {current: 2 A}, until: [{name: late, when: step.time > 2 h}]}\n  - {id: more, rest: 9 min}\n')
const changes = [
  { kind: 'changed' as const, path: ['sequence', 0, 'charge', 'current'] },
  { kind: 'changed' as const, path: ['sequence', 0, 'until', 0, 'when'] },
  { kind: 'removed' as const, path: ['sequence', 1] },
  { kind: 'added' as const, path: ['sequence', 1] },
]

describe('parts a draft changes', () => {
  it('are named by their step and what inside it', () => expect(partsOf(changes, before, after).map((part) => [part.title, part.line])).toEqual([['up · charge · current', 4], ['up · late · when', 4], ['gone', null], ['more', 5]]))
  it('are named one by one where a whole list is new', () => {
    const ruled = readGraph(`${after.text}rules:\n  - {id: hot, title: Too hot, when: temp > 45 °C, then: [{log: hot}]}\n`)
    const whole = [{ kind: 'added' as const, path: ['rules'] }]
    expect(partsOf(whole, after, ruled)).toEqual([{ kind: 'added', title: 'Too hot', line: 7 }])
    expect(marksOf(whole, after, ruled, (part) => part.title).get('rules/0')?.state).toBe('added')
    expect(partsOf([{ kind: 'removed', path: ['rules'] }], ruled, after)).toEqual([{ kind: 'removed', title: 'Too hot', line: null }])
  })
  it('are marked on their nodes', () => {
    const marks = marksOf(changes, before, after, (part) => part.title)
    expect(marks.get('sequence/0')).toEqual({ state: 'changed', note: 'up · charge · current' })
    expect(marks.get('sequence/0/until/0')?.state).toBe('changed')
    expect(marks.get('sequence/1')?.state).toBe('added')
  })
})
