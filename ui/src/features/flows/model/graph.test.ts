import { describe, expect, it } from 'vitest'
import { duplicate, freeId, insert, remove, setValue, shift, toggle, unwrap, withIds, wrap } from './edits'
import { moveAll } from './moves'
import { nodeAtLine } from './graph'
import { readGraph, verbOf } from './read'
import { itemsOf, yamlOf } from './useCommands'

const TEXT = `version: 1
id: a
title: "A flow"   # quoted

limits:
  - {id: hot, trip: temp > 45 °C}

sequence:
  - id: empty
    discharge: {current: 0.2 C}
    until: [voltage <= 2.5 V, {name: time, when: step.time > 6 h}]
  - {id: relax, rest: 30 min, enabled: false}
  - repeat: 3
    do:
      # why
      - id: charge
        charge: {current: 1 A, voltage: 4.2 V}
        until: current < 0.05 C
      - rest: 10 min
  - parallel:
      - [{marker: a}, {wait: 1 s}]
      - {marker: b}
finally:
  - safe_state: channel

rules:
  - id: full
    when: {run: step_ended, step: charge}
    if: step.ended_by == "taper"
    then: [{marker: Full}, {if: temp > 3 °C, then: [{log: hot}]}]

x-layout:
  full: [420, 80]
`
const graph = readGraph(TEXT)
const keys = (nodes: readonly { key: string }[]) => nodes.map((node) => node.key)

describe('the graph of a flow', () => {
  it('has every node with its line, verb and title', () => {
    expect(keys([...graph.nodes.values()])).toEqual([
      'limits/0', 'sequence/0', 'sequence/0/until/0', 'sequence/0/until/1', 'sequence/1', 'sequence/2', 'sequence/2/do/0', 'sequence/2/do/0/until', 'sequence/2/do/1',
      'sequence/3', 'sequence/3/parallel/0/0', 'sequence/3/parallel/0/1', 'sequence/3/parallel/1', 'finally/0', 'rules/0', 'rules/0/when', 'rules/0/if', 'rules/0/then/0', 'rules/0/then/1', 'rules/0/then/1/then/0',
    ])
    const charge = graph.nodes.get('sequence/2/do/0')
    expect(charge).toMatchObject({ verb: 'charge', id: 'charge', line: 16, endLine: 18, enabled: true })
    expect(graph.nodes.get('sequence/1')?.enabled).toBe(false)
    expect(graph.head.title).toBe('A flow')
    expect(graph.layout).toEqual({ full: [420, 80] })
  })
  it('knows the innermost node of a line', () => {
    expect(nodeAtLine(graph, 17)?.key).toBe('sequence/2/do/0')
    expect(nodeAtLine(graph, 19)?.key).toBe('sequence/2/do/1')
    expect(nodeAtLine(graph, 1)).toBeNull()
  })
  it('keeps what it was while the text cannot be read', () => {
    const broken = readGraph(TEXT.replace('sequence:', 'sequence: ['), graph)
    expect(broken.readable).toBe(false)
    expect(broken.sequence).toBe(graph.sequence)
  })
  it('takes nodes that did not change from the graph before', () => {
    const next = readGraph(TEXT.replace('rest: 30 min', 'rest: 40 min'), graph)
    expect(next.nodes.get('sequence/2')).toBe(graph.nodes.get('sequence/2'))
    expect(next.nodes.get('sequence/1')).not.toBe(graph.nodes.get('sequence/1'))
  })
  it('reads any text without failing', () => {
    for (const text of ['', '-', '[]', 'a', 'sequence:', 'sequence: a', 'rules: {a: b}', 'sequence: [null, 1, [2]]', '\t', '? a', '&a [*a]']) expect(() => readGraph(text, graph)).not.toThrow()
  })
  it('finds the verb beside companions', () => {
    expect(verbOf({ wait_for: 'x', timeout: '1 s', goto: 'a' })).toBe('wait_for')
    expect(verbOf({ goto: 'a', max: '3' })).toBe('goto')
    expect(verbOf({ name: 'x', repeat: '3', do: [] })).toBe('repeat')
    expect(verbOf('stop_run')).toBe('stop_run')
  })
})

describe('plans', () => {
  it('insert behind, at the end, into a section that is missing, and beside a single item', () => {
    expect(insert({ list: ['sequence'], index: 1 }, [{ rest: '1 s' }])(graph)).toEqual({ edits: [{ op: 'insert', path: ['sequence', 1], value: { rest: '1 s' } }], select: ['sequence/1'] })
    const bare = readGraph('version: 1\nid: a\nrules: [{id: r, when: x, then: [{log: a}]}]\n')
    expect(insert({ list: ['sequence'], index: 0 }, [{ rest: '1 s' }])(bare)?.edits).toEqual([{ op: 'insert', path: ['sequence'], value: [{ rest: '1 s' }], at: 2 }])
    expect(insert({ list: ['rules', 0, 'when'], index: 1 }, ['y'])(bare)).toEqual({ edits: [{ op: 'set', path: ['rules', 0, 'when'], value: ['x', 'y'] }], select: ['rules/0/when/1'] })
  })
  it('move inside a list and into a box', () => {
    expect(shift('sequence/0', 1)(graph)?.edits).toEqual([{ op: 'move', path: ['sequence', 0], to: ['sequence', 1] }])
    expect(shift('sequence/0', -1)(graph)).toBeNull()
    expect(moveAll(['sequence/0'], { list: ['sequence', 2, 'do'], index: 1 })(graph)).toEqual({ edits: [{ op: 'move', path: ['sequence', 0], to: ['sequence', 1, 'do', 1] }], select: ['sequence/1/do/1'] })
    expect(moveAll(['sequence/2'], { list: ['sequence', 2, 'do'], index: 1 })(graph)).toBeNull()
    expect(moveAll(['sequence/0'], { list: ['sequence'], index: 1 })(graph)).toBeNull()
  })
  it('remove spares limits and takes a list that must not be empty with its last item', () => {
    expect(remove(['limits/0'])(graph)).toBeNull()
    expect(remove(['limits/0', 'sequence/0'])(graph)?.edits).toEqual([{ op: 'remove', path: ['sequence', 0] }])
    expect(remove(['finally/0'])(graph)?.edits).toEqual([{ op: 'remove', path: ['finally'] }])
    expect(remove(['sequence/2/do/0', 'sequence/2'])(graph)?.edits).toEqual([{ op: 'remove', path: ['sequence', 2] }])
  })
  it('duplicate gives ids nobody has', () => {
    expect(duplicate('sequence/2')(graph)?.edits).toEqual([{ op: 'duplicate', path: ['sequence', 2], to: ['sequence', 3] }, { op: 'set', path: ['sequence', 3, 'do', 0, 'id'], value: 'charge-2' }])
    expect(freeId('Charge it', new Set(['charge-it']))).toBe('charge-it-2')
    expect(withIds(graph, [{ id: 'relax', do: [{ id: 'relax' }] }], 'step')).toEqual([{ id: 'relax-2', do: [{ id: 'relax-3' }] }])
  })
  it('switch off and on, and clear a value', () => {
    expect(toggle(['sequence/0'])(graph)?.edits).toEqual([{ op: 'set', path: ['sequence', 0, 'enabled'], value: 'false' }])
    expect(toggle(['sequence/1'])(graph)?.edits).toEqual([{ op: 'remove', path: ['sequence', 1, 'enabled'] }])
    expect(setValue(['title'], '')(graph)?.edits).toEqual([{ op: 'remove', path: ['title'] }])
  })
  it('wrap neighbours only, and unwrap', () => {
    expect(wrap(['sequence/0', 'sequence/2'], { repeat: '3' })(graph)).toBeNull()
    expect(wrap(['sequence/0', 'sequence/1'], { repeat: '3' })(graph)?.select).toEqual(['sequence/0'])
    expect(unwrap('sequence/2')(graph)?.edits).toHaveLength(3)
    expect(unwrap('sequence/0')(graph)).toBeNull()
  })
})

describe('copied text', () => {
  it('is the lines of the node at the margin, and reads back', () => {
    const copied = yamlOf(TEXT, graph.nodes.get('sequence/2/do/0') ?? graph.rules[0]!)
    expect(copied).toBe('- id: charge\n  charge: {current: 1 A, voltage: 4.2 V}\n  until: current < 0.05 C\n')
    expect(itemsOf(copied)).toEqual([{ id: 'charge', charge: { current: '1 A', voltage: '4.2 V' }, until: 'current < 0.05 C' }])
    expect(itemsOf('hello')).toBeNull()
    expect(itemsOf('[')).toBeNull()
  })
})
