import { describe, expect, it } from 'vitest'
import { readGraph } from '../model/read'
import { endsOf, figuresOf, scopeOf, written } from './figures'
import { between, rowsOf, stepFrom } from './rows'
import { placeAt } from './useRowDrag'

const TEXT = `version: 1
limits:
  - {id: hot, trip: temp > 45 °C}
sequence:
  - charge: {current: 0.5 C, voltage: 4.2 V}
    until:
      - {name: taper, phase: cv, when: current < 0.05 C, for: 10 s}
      - {name: time, when: step.time > 4 h, verdict: fail}
  - repeat: 3
    do:
      - rest: 30 min
      - rest: {duration: 5 min}
  - if: temp > 3 °C
    then:
      - wait_for: temp < 3 °C
        timeout: 1 h
    else:
      - discharge: {power: 5 W}
        until: step.time > $long
finally:
  - safe_state: channel
rules:
  - id: a
    when: [temp > 3 °C, {marker: x}]
    then: [{marker: y}]
`
const graph = readGraph(TEXT)
const rows = rowsOf(graph)
const node = (key: string) => {
  const found = graph.nodes.get(key)
  if (!found) throw new Error(key)
  return found
}

describe('rows', () => {
  it('stand in the order of a cycler, numbered and indented', () => {
    const shown = rows.map((row) => (row.type === 'node' ? `${row.level} ${row.role || row.number} ${row.key}` : row.key))
    expect(shown).toEqual([
      'section limits', '1 L1 limits/0', 'section sequence', '1 1 sequence/0', '1 2 sequence/1', '2 2.1 sequence/1/do/0', '2 2.2 sequence/1/do/1', '1 3 sequence/2', '2 3.1 sequence/2/then/0', 'part sequence/2/else', '2 3.e1 sequence/2/else/0',
      'section finally', '1 F1 finally/0', 'section rules', '1 R1 rules/0', '2 when rules/0/when/0', '2 · rules/0/when/1', '2 then rules/0/then/0',
    ])
  })
  it('are walked without their headings', () => {
    expect(stepFrom(rows, 'limits/0', 1)).toBe('sequence/0')
    expect(stepFrom(rows, null, 1)).toBe('limits/0')
    expect(stepFrom(rows, 'rules/0/then/0', 1)).toBe('rules/0/then/0')
    expect(between(rows, 'sequence/1', 'sequence/0')).toEqual(['sequence/1', 'sequence/0'])
  })
  it('take a drop before, behind or inside', () => {
    const box = rows.find((row) => row.key === 'sequence/1')
    expect(box && placeAt(box, 'in')?.slot).toEqual({ list: ['sequence', 1, 'do'], index: 0 })
    expect(box && placeAt(box, 'after')?.slot).toEqual({ list: ['sequence'], index: 2 })
  })
})

describe('figures', () => {
  it('know where they stand in the text', () => {
    const figures = figuresOf(node('sequence/0'))
    expect(figures.mode?.text).toBe('CC-CV')
    expect(figures.current).toMatchObject({ text: '0.5 C', path: ['sequence', 0, 'charge', 'current'] })
    expect(figures.duration).toMatchObject({ text: '4 h', path: ['sequence', 0, 'until', 1, 'when'] })
    expect(endsOf(node('sequence/0'))).toEqual(['I < 0.05 C for 10 s'])
    expect(figuresOf(node('sequence/1')).mode).toMatchObject({ text: '3', path: ['sequence', 1, 'repeat'] })
    expect(figuresOf(node('sequence/1/do/0')).duration).toMatchObject({ path: ['sequence', 1, 'do', 0, 'rest'] })
    expect(figuresOf(node('sequence/1/do/1')).duration).toMatchObject({ path: ['sequence', 1, 'do', 1, 'rest', 'duration'] })
    expect(figuresOf(node('sequence/2/else/0'))).toMatchObject({ level: { text: '5 W' }, duration: { text: '$long', path: ['sequence', 2, 'else', 0, 'until'] } })
    expect(figuresOf(node('sequence/2/then/0')).duration).toMatchObject({ text: '1 h', path: ['sequence', 2, 'then', 0, 'timeout'] })
  })
  it.each([
    ['current', '1.5', '1.5 C'], ['current', '1,5a', '1.5 A'], ['current', '300 mA', '300 mA'], ['current', '$rate', '$rate'], ['current', '3 V', null], ['current', 'much', null], ['level', '4.1', '4.1 V'], ['duration', '90m', 'step.time > 90 min'], ['duration', '3', 'step.time > 3 h'],
  ] as const)('%s takes %s as %s', (column, typed, expected) => {
    const figure = figuresOf(node('sequence/0'))[column]
    expect(figure && written(figure, typed)).toBe(expected)
  })
  it('a count stays a number', () => {
    const figure = figuresOf(node('sequence/1')).mode
    expect(figure && written(figure, '5')).toBe('5')
    expect(figure && written(figure, '5 A')).toBeNull()
  })
  it('tell when a rule looks', () => {
    expect(scopeOf({ id: 'a' }, true).scope).toBe('run')
    expect(scopeOf({ id: 'a' }, false).scope).toBe('always')
    expect(scopeOf({ id: 'a', during: ['x', 'y'] }, true)).toEqual({ scope: 'during', steps: 'x, y' })
  })
})
