import { describe, expect, it } from 'vitest'
import { readGraph } from '../model/read'
import { findField, formOf } from './forms'
import type { Schema } from './spec'
import { readQuantity, converted } from './units'
import { readText, shownText } from './texts'
import { namesIn, wordAt } from './names'

const unit = (name: string) => ({ type: 'string', 'x-unit': name })
const optional = (schema: object) => ({ anyOf: [schema, { type: 'null' }], default: null })
const LOGIC = { type: 'string', 'x-expression': 'bool' }
const common = { id: { type: 'string' }, name: { type: 'string' }, enabled: { type: 'boolean' }, until: { anyOf: [{ $ref: '#/$defs/end' }, { type: 'array', items: { $ref: '#/$defs/end' } }] } }
const form = (verb: string, value: object, more: object = {}, marks: object = {}) => ({ type: 'object', properties: { [verb]: value, ...more, ...common }, title: verb, description: `does ${verb}`, ...marks })
/** The parts of the schema of flows that show each way to write something. */
const SCHEMA: Schema = {
  properties: { version: {}, id: { type: 'string' }, title: { type: 'string' }, channel: { type: 'string', 'x-channel': true }, record: { $ref: '#/$defs/record' }, sequence: {} },
  $defs: {
    step: { anyOf: [
      form('charge', { anyOf: [{ type: 'object', properties: { current: optional(unit('A')), voltage: optional(unit('V')) } }, { type: 'null' }] }),
      form('rest', { anyOf: [{ type: 'object', properties: { duration: optional(unit('s')), resume: { type: 'boolean', default: false } } }, unit('s'), { type: 'null' }] }, {}, { 'x-short': 'duration' }),
      form('goto', { anyOf: [{ type: 'object', properties: { target: { type: 'string', 'x-step': true }, max: { type: 'integer' } } }, { type: 'string', 'x-step': true }] }, { max: { type: 'integer' } }, { 'x-short': 'target', 'x-beside': ['max'] }),
      { const: 'panic' }, form('panic', { anyOf: [{ type: 'object', properties: { reason: optional({ type: 'string' }) } }, { type: 'null' }] }, {}, { 'x-short': 'reason' }),
    ] },
    trigger: { anyOf: [LOGIC, { type: 'object', title: 'threshold', 'x-short': 'point', properties: { threshold: { anyOf: [{ type: 'string', 'x-expression': 'number' }, { type: 'object', properties: { point: LOGIC, above: { type: 'string', 'x-expression': 'number' }, for: unit('s') } }] }, id: { type: 'string' }, above: {}, for: unit('s') } }] },
    end: { anyOf: [LOGIC, { type: 'object', properties: { for: unit('s'), when: LOGIC, expr: LOGIC, name: { type: 'string' }, verdict: { enum: ['pass', 'fail'] }, goto: { type: 'string' } } }, { type: 'object', additionalProperties: LOGIC }] },
    record: { type: 'object', properties: { every: unit('s'), on_change: { anyOf: [{ type: 'object', properties: { voltage: unit('V') } }, { type: 'null' }] } } },
  },
}
const TEXT = `version: 1
id: a
sequence:
  - {id: one, charge: {current: 1.5 A}}
  - rest: 30 min
  - rest: {duration: 1 h}
  - goto: one
  - panic
  - charge:
    until:
      - voltage > 4 V
      - late: step.time > 1 h
      - {when: current < 1 A, name: x}
rules:
  - id: r
    when:
      - {threshold: temp, above: 45 °C}
`
const graph = readGraph(TEXT)
function write(key: string, id: string, value: string | undefined) {
  const node = graph.nodes.get(key)
  const subject = node ?? { kind: 'flow' as const, path: [], value: graph.head, verb: '' }
  return findField(formOf(SCHEMA, subject, graph.head).fields, id)?.slot.write(value)
}

describe('forms of nodes', () => {
  const cases: [string, string, string, string | undefined, unknown][] = [
    ['a value inside the map of its verb', 'sequence/0', 'charge.current', '2 A', [{ op: 'set', path: ['sequence', 0, 'charge', 'current'], value: '2 A' }]],
    ['a value that is not there yet', 'sequence/0', 'charge.voltage', '4.2 V', [{ op: 'set', path: ['sequence', 0, 'charge', 'voltage'], value: '4.2 V' }]],
    ['the last value leaves the verb', 'sequence/0', 'charge.current', undefined, [{ op: 'set', path: ['sequence', 0, 'charge'], value: null }]],
    ['a short form stays short', 'sequence/1', 'rest.duration', '40 min', [{ op: 'set', path: ['sequence', 1, 'rest'], value: '40 min' }]],
    ['a second value opens the short form', 'sequence/1', 'rest.resume', 'true', [{ op: 'set', path: ['sequence', 1, 'rest'], value: { duration: '30 min', resume: 'true' } }]],
    ['a long form stays long', 'sequence/2', 'rest.duration', '2 h', [{ op: 'set', path: ['sequence', 2, 'rest', 'duration'], value: '2 h' }]],
    ['a companion stands beside its verb', 'sequence/3', 'goto.max', '3', [{ op: 'set', path: ['sequence', 3, 'max'], value: '3' }]],
    ['a bare word becomes a map with its first value', 'sequence/4', 'panic.reason', 'Smoke', [{ op: 'set', path: ['sequence', 4], value: { panic: 'Smoke' } }]],
    ['an empty verb gets its map', 'sequence/5', 'charge.current', '1 A', [{ op: 'set', path: ['sequence', 5, 'charge'], value: { current: '1 A' } }]],
    ['an id comes first', 'sequence/1', 'id', 'pause', [{ op: 'set', path: ['sequence', 1, 'id'], value: 'pause', at: 0 }]],
    ['an end that is a text alone is changed as such', 'sequence/5/until/0', 'when', 'voltage > 4.1 V', [{ op: 'set', path: ['sequence', 5, 'until', 0], value: 'voltage > 4.1 V' }]],
    ['and opened by a second key', 'sequence/5/until/0', 'verdict', 'fail', [{ op: 'set', path: ['sequence', 5, 'until', 0], value: { when: 'voltage > 4 V', verdict: 'fail' } }]],
    ['a named end keeps its short form', 'sequence/5/until/1', 'when', 'step.time > 2 h', [{ op: 'set', path: ['sequence', 5, 'until', 1, 'late'], value: 'step.time > 2 h' }]],
    ['a named end is opened with its name', 'sequence/5/until/1', 'for', '10 s', [{ op: 'set', path: ['sequence', 5, 'until', 1], value: { name: 'late', when: 'step.time > 1 h', for: '10 s' } }]],
    ['a trigger has its parameters beside it', 'rules/0/when/0', 'threshold.for', '5 s', [{ op: 'set', path: ['rules', 0, 'when', 0, 'for'], value: '5 s' }]],
    ['a key of the flow stands before its lists', '', 'title', 'Form it', [{ op: 'set', path: ['title'], value: 'Form it', at: 2 }]],
    ['maps inside maps come into being together', '', 'record.on_change.voltage', '5 mV', [{ op: 'set', path: ['record'], value: { on_change: { voltage: '5 mV' } }, at: 2 }]],
  ]
  it.each(cases)('%s', (_, key, id, value, edits) => expect(write(key, id, value)).toEqual(edits))
})

describe('values with units', () => {
  it.each([['1,5 A', 'A', '1.5 A'], ['2', 'A', '2 A'], ['500mA', 'A', '500 mA'], ['0.5 C', 'A', '0.5 C'], ['1h 30min', 's', '1 h 30 min'], ['90 min', 's', '90 min'], ['$rate', 'A', '$rate'], ['-3.0  V', 'V', '-3.0 V']])('%s is written %s as %s', (typed, wanted, text) => {
    expect(readQuantity(typed, wanted)).toMatchObject({ text, problem: '' })
  })
  it('says what does not fit and shows what it comes to', () => {
    expect(readQuantity('30 V', 's').problem).not.toBe('')
    expect(readQuantity('fast', 'A').problem).not.toBe('')
    expect(readQuantity('1 A 2 A', 'A').problem).not.toBe('')
    expect(converted('500 mA', 'A')).toBe('0.5 A')
    expect(converted('0.5 C', 'A', 2.5)).toBe('1.25 A')
    expect(converted('1.5 A', 'A')).toBe('')
  })
})

describe('texts and names', () => {
  it('shows lists with commas and reads them back', () => {
    expect(shownText(['1 A', '2 A'])).toBe('1 A, 2 A')
    expect(readText('1 A,2 A', 'list', undefined)).toEqual(['1 A', '2 A'])
    expect(readText('{a: 1}', 'text', { a: '2' })).toEqual({ a: '1' })
    expect(readText('a, b', 'text', 'c')).toBe('a, b')
  })
  it('finds the names of an expression and the word at the cursor', () => {
    expect(namesIn('voltage > 4 V and PSU_01.u_out < 3 and step.id == "rest"')).toEqual(expect.arrayContaining(['voltage', 'PSU_01.u_out', 'step.id']))
    expect(namesIn('step.id == "voltage"')).not.toContain('voltage')
    expect(wordAt('step.time > 6 h', 15).word).toBe('')
    expect(wordAt('PSU_01.u_', 9).word).toBe('PSU_01.u_')
    expect(wordAt('temp > 4 and vol', 16)).toEqual({ from: 13, to: 16, word: 'vol' })
  })
})
