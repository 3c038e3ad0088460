import { describe, expect, it } from 'vitest'
import type { Finding } from '@/api/types'
import { readGraph } from '../model/read'
import { fixesOf } from './fixes'
import { distance, nearest } from './near'
import { pathIn } from './place'

const TEXT = `version: 1
id: a
sequence:
  - id: charge
    charge: {currnt: 1.5 A, voltage: 4.2 V}
    until: [{name: v, when: voltge > 4.2 V, goto: chrge}]
  - {id: charge, discharge: 20 A}
  - charg: {current: 1 A}
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
const finding = (code: string, message: string, more: Partial<Finding> = {}): Finding => ({ code, message, severity: 'error', ...more })
const editsOf = (found: Finding, names: string[] = []) => fixesOf(found, graph, { names }).map((fix) => fix.plan(graph)?.edits)

describe('fixes of findings', () => {
  const cases: [string, Finding, unknown][] = [
    ['a misspelt key is renamed', finding('unknown-key', "unknown key 'currnt'", { path: 'sequence.0.charge.currnt', hint: "did you mean 'current'?" }), [[{ op: 'rename', path: ['sequence', 0, 'charge', 'currnt'], name: 'current' }]]],
    ['a misspelt verb is renamed', finding('unknown-verb', "unknown step 'charg'", { path: 'sequence.2', hint: "did you mean 'charge'?" }), [[{ op: 'rename', path: ['sequence', 2, 'charg'], name: 'charge' }]]],
    ['a misspelt name becomes the nearest one', finding('unknown-point', "there is no point 'voltge'", { path: 'sequence.0.until.0.when' }), [[{ op: 'set', path: ['sequence', 0, 'until', 0, 'when'], value: 'voltage > 4.2 V' }]]],
    ['a wrong aim becomes the nearest step', finding('unknown-step', "no step 'chrge'", { path: 'sequence.0.until.0.goto', hint: 'steps: charge, rest-1' }), [[{ op: 'set', path: ['sequence', 0, 'until', 0, 'goto'], value: 'charge' }]]],
    ['a step without a time end gets one', finding('no-time-end', "step 'charge' has no end by time or charge", { path: 'sequence.0' }), [[{ op: 'insert', path: ['sequence', 0, 'until', 1], value: { name: 'time', when: 'step.time > 4 h', verdict: 'fail' } }]]],
    ['a step without any end gets a list', finding('missing-end', 'step has no end', { path: 'sequence.1' }), [[{ op: 'set', path: ['sequence', 1, 'until'], value: [{ name: 'time', when: 'step.time > 4 h', verdict: 'fail' }] }]]],
    ['a goto without max gets one', finding('missing-max', 'goto needs max, from 1 to 10000', { path: 'sequence.0.until.0.goto' }), [[{ op: 'set', path: ['sequence', 0, 'until', 0, 'max'], value: '3' }]]],
    ['an id that stands twice gets a number', finding('duplicate-id', "id 'charge' stands twice", { path: 'sequence.1.id' }), [[{ op: 'set', path: ['sequence', 1, 'id'], value: 'charge-2' }]]],
    ['a set-point comes down to what the instrument gives', finding('out-of-range', 'LOAD_01 reaches only 12 A', { path: 'sequence.1' }), [[{ op: 'set', path: ['sequence', 1, 'discharge'], value: '12 A' }]]],
    ['the device of the channel is written as such, in keys and values', finding('literal-device', 'PSU_01 is bound by the channel', { line: 15, hint: 'write channel.source. instead of PSU_01.' }), [[{ op: 'set', path: ['rules', 0, 'then', 0, 'set', 'PSU_01.u_set'], value: 'channel.source.u_out + 1 V' }, { op: 'rename', path: ['rules', 0, 'then', 0, 'set', 'PSU_01.u_set'], name: 'channel.source.u_set' }]]],
    ['during and always: one of the two goes', finding('during-always', 'during belongs to scope: run', { line: 10 }), [[{ op: 'remove', path: ['rules', 0, 'during'] }], [{ op: 'remove', path: ['rules', 0, 'scope'] }]]],
    ['a temperature is written in °C', finding('bad-unit', "'temp' is in °C, '3 K' is in K", { path: 'rules.0.when', hint: 'K is a difference; a temperature is written °C' }), [[{ op: 'set', path: ['rules', 0, 'when'], value: 'temp > 3 °C' }]]],
    ['safe_state fits its scope', finding('safe-state-scope', 'safe_state: all is for scope: always', { line: 16, hint: 'write safe_state: channel' }), [[{ op: 'set', path: ['rules', 0, 'then', 1, 'safe_state'], value: 'channel' }]]],
    ['a cut expression is quoted by the server', finding('broken-by-comma', 'a comma cuts …'), [[{ op: 'quote' }]]],
    ['what nobody can know has no fix', finding('crowbar', 'PSU_01 shorts its output when it protects', { path: 'sequence.0' }), []],
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
