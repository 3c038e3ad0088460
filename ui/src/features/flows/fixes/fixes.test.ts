import { afterEach, describe, expect, it } from 'vitest'
import type { Finding } from '@/api/types'
import { readGraph } from '../model/read'
import { fixesOf, MAKERS } from './fixes'
import { distance, nearest } from './near'
import { nodeOf, pathIn } from '../model/findings'
import { WITHOUT_FIX } from './codes'
import { GERMAN } from './german'
import { said } from './said'
import { setLocale } from '@/i18n'

const TEXT = `version: 1
id: a
sequence:
  - id: charge
    charge: {currnt: 1.5 A, voltage: 4.2 V}
    until: [{name: v, when: voltge > 4.2 V, goto: chrge}]
  - {id: charge, discharge: 20 A}
  - charg: {current: 1 A}
  - {if: voltage > 4.2 and temp > 4.2 °C, then: [{rest: 1 s}]}
rules:
  - id: r
    scope: always
    during: charge
    when: temp > 3 K
    then:
      - set: {PSU_01.u_set: PSU_01.u_out + 1 V}
      - safe_state: all
`
const graph = readGraph(TEXT)
const finding = (code: string, args: Finding['args'], more: Partial<Finding> = {}): Finding => ({ code, message: 'not read', severity: 'error', args, ...more })
const editsOf = (found: Finding, names: string[] = []) => fixesOf(found, graph, { names }).map((fix) => fix.plan(graph)?.edits)

describe('fixes of findings', () => {
  const cases: [string, Finding, unknown][] = [
    ['a misspelt key is renamed', finding('unknown-key', { wanted: 'currnt', near: ['current'] }, { path: 'sequence.0.charge.currnt' }), [[{ op: 'rename', path: ['sequence', 0, 'charge', 'currnt'], name: 'current' }]]],
    ['a misspelt verb is renamed', finding('unknown-verb', { wanted: 'charg', near: ['charge'] }, { path: 'sequence.2' }), [[{ op: 'rename', path: ['sequence', 2, 'charg'], name: 'charge' }]]],
    ['a misspelt name becomes the nearest one', finding('unknown-point', { wanted: 'voltge' }, { path: 'sequence.0.until.0.when' }), [[{ op: 'set', path: ['sequence', 0, 'until', 0, 'when'], value: 'voltage > 4.2 V' }]]],
    ['a wrong aim becomes the nearest step', finding('unknown-step', { wanted: 'chrge', known: ['charge', 'rest-1'] }, { path: 'sequence.0.until.0.goto' }), [[{ op: 'set', path: ['sequence', 0, 'until', 0, 'goto'], value: 'charge' }]]],
    ['a step without a time end gets one', finding('no-time-end', { step: 'charge' }, { path: 'sequence.0' }), [[{ op: 'insert', path: ['sequence', 0, 'until', 1], value: { name: 'time', when: 'step.time > 4 h', verdict: 'fail' } }]]],
    ['a step without any end gets a list', finding('missing-end', {}, { path: 'sequence.1' }), [[{ op: 'set', path: ['sequence', 1, 'until'], value: [{ name: 'time', when: 'step.time > 4 h', verdict: 'fail' }] }]]],
    ['a goto without max gets one', finding('missing-max', {}, { path: 'sequence.0.until.0.goto' }), [[{ op: 'set', path: ['sequence', 0, 'until', 0, 'max'], value: '3' }]]],
    ['an id that stands twice gets a number', finding('duplicate-id', { id: 'charge' }, { path: 'sequence.1.id' }), [[{ op: 'set', path: ['sequence', 1, 'id'], value: 'charge-2' }]]],
    ['a set-point comes down to what the instrument gives', finding('out-of-range', { device: 'LOAD_01', limit: 12, unit: 'A' }, { path: 'sequence.1' }), [[{ op: 'set', path: ['sequence', 1, 'discharge'], value: '12 A' }]]],
    ['the device of the channel is written as such, in keys and values', finding('literal-device', { device: 'PSU_01', part: 'channel.source' }, { line: 16 }), [[{ op: 'set', path: ['rules', 0, 'then', 0, 'set', 'PSU_01.u_set'], value: 'channel.source.u_out + 1 V' }, { op: 'rename', path: ['rules', 0, 'then', 0, 'set', 'PSU_01.u_set'], name: 'channel.source.u_set' }]]],
    ['during and always: one of the two goes', finding('during-always', {}, { line: 11 }), [[{ op: 'remove', path: ['rules', 0, 'during'] }], [{ op: 'remove', path: ['rules', 0, 'scope'] }]]],
    ['a temperature is written in °C', finding('bad-unit', { text: '3 K', given_unit: 'K', other: 'temp', unit: '°C' }, { path: 'rules.0.when' }), [[{ op: 'set', path: ['rules', 0, 'when'], value: 'temp > 3 °C' }]]],
    ['safe_state fits its scope', finding('safe-state-scope', { of: 'all', to: 'channel' }, { line: 17 }), [[{ op: 'set', path: ['rules', 0, 'then', 1, 'safe_state'], value: 'channel' }]]],
    ['a cut expression is quoted by the server', finding('broken-by-comma', {}), [[{ op: 'quote' }]]],
    ['a value that is too high for its point comes down to what it takes', finding('out-of-range', { limit: 3, unit: 'V', written: 'PSU_01.u_out + 1 V', point: 'PSU_01.u_set' }, { path: 'rules.0.then.0' }), [[{ op: 'set', path: ['rules', 0, 'then', 0, 'set', 'PSU_01.u_set'], value: '3 V' }]]],
    ['a number alone takes the unit of what it meets', finding('bare-number', { number: '4.2', unit: 'mV', other: 'voltage' }, { path: 'sequence.3.if' }), [[{ op: 'set', path: ['sequence', 3, 'if'], value: 'voltage > 4.2 mV and temp > 4.2 °C' }]]],
    ['a key like no other goes', finding('unknown-key', { wanted: 'during', near: [], known: ['id'] }, { path: 'rules.0' }), [[{ op: 'remove', path: ['rules', 0, 'during'] }]]],
    ['a cell a called flow is made for is added', finding('no-cell', { flow: 'b', cell: 'cells/x' }, { path: 'sequence.2' }), [[{ op: 'set', path: ['cell'], value: 'cells/x', at: 3 }]]],
    ['what nobody can know has no fix', finding('crowbar', { device: 'PSU_01' }, { path: 'sequence.0' }), []],
  ]
  it.each(cases)('%s', (_, found, edits) => expect(editsOf(found, ['voltage', 'current', 'temp'])).toEqual(edits))

  it('finds paths through keys that hold dots', () => {
    expect(pathIn(graph, 'rules.0.then.0.set.PSU_01.u_set')).toEqual(['rules', 0, 'then', 0, 'set', 'PSU_01.u_set'])
    expect(pathIn(graph, 'sequence.7.rest')).toEqual(['sequence', 7, 'rest'])
  })
  it('measures words by the edits between them', () => {
    expect(distance('voltage', 'voltgae')).toBe(1)
    expect(nearest('PSU_01.u_ot', ['PSU_01.u_out', 'DMM_01.v'])).toEqual(['PSU_01.u_out'])
    expect(nearest('xyz', ['voltage'])).toEqual([])
  })
})

const ONE_LINE = `version: 1
id: a
sequence:
  - {charge: 1 A, until: [{when: voltge > 4.2 V}, {when: curent < 50 mA}]}
`

describe('where a finding stands', () => {
  const both = readGraph(ONE_LINE)
  const at = (index: number, wanted: string) => finding('unknown-point', { wanted }, { line: 4, path: `sequence.0.until.${index}.when` })
  it('two ends on one line are told apart by the path', () => {
    expect(nodeOf(at(0, 'voltge'), both)?.key).toBe('sequence/0/until/0')
    expect(nodeOf(at(1, 'curent'), both)?.key).toBe('sequence/0/until/1')
    expect(fixesOf(at(1, 'curent'), both, { names: ['current', 'voltage'] }).map((fix) => fix.plan(both)?.edits)).toEqual([[{ op: 'set', path: ['sequence', 0, 'until', 1, 'when'], value: 'current < 50 mA' }]])
  })
  it('without a path the line decides', () => expect(nodeOf(finding('x', {}, { line: 4 }), both)?.kind).toBe('end'))
})

describe('findings in German', () => {
  afterEach(() => setLocale('en'))
  const cases: [string, Finding, string, string][] = [
    ['numbers and names come from its values', finding('out-of-range', { device: 'PSU_01', limit: 12.5, unit: 'A' }), 'PSU_01 erreicht nur 12,5 A', 'ein anderes Gerät nehmen'],
    ['the form whose values are there', finding('unreachable', { step: 'b', jump: 'a' }), 'der Schritt „b“ wird nie erreicht: „a“ führt daran vorbei', 'entfernen, oder richtigstellen, was davor steht'],
    ['without anything near the known ones are listed', finding('unknown-key', { wanted: 'x', near: [], known: ['id', 'when'] }), '„x“ ist hier nicht bekannt', 'bekannt: id, when'],
    ['a bound that is not there is an ellipsis', finding('range', { text: '9 V', low: null, high: 5, unit: 'V' }), '9 V liegt außerhalb von … bis 5 V', ''],
    ['words of the server are German too', finding('no-bound', { quantity: 'voltage' }), 'nichts begrenzt die Spannung', 'einen Wert angeben, oder eine Zelle mit Grenzen'],
  ]
  it.each(cases)('%s', (_, found, message, hint) => {
    setLocale('de')
    expect(said(found)).toMatchObject({ message, hint })
  })
  it('what has no German sentence, or misses a value, stays as the server says it', () => {
    setLocale('de')
    expect(said(finding('out-of-range', {})).message).toBe('not read')
    expect(said(finding('merge-key', {})).message).toBe('not read')
    setLocale('en')
    expect(said(finding('no-bound', { quantity: 'voltage' })).message).toBe('not read')
  })
})

it('a code has a fix or a reason why not, never both', () => {
  expect(Object.keys(WITHOUT_FIX).filter((code) => code in MAKERS)).toEqual([])
  expect(Object.keys(GERMAN).filter((code) => !(code in MAKERS) && !(code in WITHOUT_FIX))).toEqual([])
})
