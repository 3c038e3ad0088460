import { describe, expect, it } from 'vitest'
import type { NodeKind, Plain } from '../model/graph'
import { readGraph } from '../model/read'
import { BLOCKS } from '../palette/blocks'
import { completed, matchesOf } from './matches'
import { parse, phrases } from './parse'
import { fold, insertAll, readFor, wrapAll } from './plan'
import { meant, quantity } from './quantities'

const values = (text: string, kind: NodeKind = 'step') => {
  const { pieces, problem } = parse(text, kind)
  if (problem) return problem
  return pieces.map((piece) => ('value' in piece ? piece.value : piece.repeat))
}
const TAPER = { name: 'taper', phase: 'cv', when: 'current < 0.05 C', for: '10 s' }
const time = (text: string, more: object = { verdict: 'fail' }) => ({ name: 'time', when: `step.time > ${text}`, ...more })

const ONE: [string, Plain][] = [
  ['cc 1.5a 4.2v', { id: 'charge', charge: { current: '1.5 A', voltage: '4.2 V' }, until: [TAPER, time('12 h')] }],
  ['cc .5c 4,2v', { id: 'charge', charge: { current: '0.5 C', voltage: '4.2 V' }, until: [TAPER, time('4 h')] }],
  ['cc 1500 mA 4200 mV 50ma 3h', { id: 'charge', charge: { current: '1500 mA', voltage: '4200 mV' }, until: [{ ...TAPER, when: 'current < 50 mA' }, time('3 h', {})] }],
  ['cc 1a', { id: 'charge', charge: { current: '1 A' }, until: [{ name: 'full', when: 'voltage >= cell.charge_voltage', samples: '2' }, time('12 h')] }],
  ['cc 4.2v', { id: 'charge', charge: { current: '0.5 C', voltage: '4.2 V' }, until: [TAPER, time('4 h')] }],
  ['cv 4.2v', { id: 'charge', charge: { voltage: '4.2 V' }, until: [TAPER, time('12 h')] }],
  ['cp 5w 4.2v', { id: 'charge', charge: { voltage: '4.2 V', power: '5 W' }, until: [{ name: 'full', when: 'voltage >= 4.2 V' }, time('12 h')] }],
  ['dc 1c 2.5v', { id: 'discharge', discharge: { current: '1 C' }, until: [{ name: 'cutoff', when: 'voltage <= 2.5 V', samples: '2' }, time('90 min')] }],
  ['dc 1c 2.5v 0.05c', { id: 'discharge', discharge: { current: '1 C', voltage: '2.5 V' }, until: [{ name: 'taper', phase: 'cv', when: 'abs(current) < 0.05 C', for: '10 s' }, time('90 min')] }],
  ['dc 500mah 1a', { id: 'discharge', discharge: { current: '1 A' }, until: [{ name: 'cutoff', when: 'voltage <= cell.cutoff_voltage', samples: '2' }, { name: 'charge', when: 'step.ah >= 500 mAh' }, time('12 h')] }],
  ['r 30m', { rest: '30 min' }],
  ['rest 30 min', { rest: '30 min' }],
  ['rest $pause', { rest: '$pause' }],
  ['Rest 1,5h', { rest: '1.5 h' }],
  ['w 5s', { wait: '5 s' }],
  ['wait', { wait: '10 s' }],
  ['wf temp < 30', { wait_for: 'temp < 30 °C', timeout: '1 h' }],
  ['wf t<30c 2h', { wait_for: 'temp < 30 °C', timeout: '2 h' }],
  ['m "Half way, really"', { marker: 'Half way, really' }],
  ['set PSU_01.v_set 4.2', { set: { 'PSU_01.v_set': '4.2' } }],
  ['set PSU_01.v_set=4.2v PSU_01.i_set 1a', { set: { 'PSU_01.v_set': '4.2 V', 'PSU_01.i_set': '1 A' } }],
  ['goto again 3x', { goto: 'again', max: '3' }],
  ['call formation', { call: 'formation' }],
  ['script wash', { script: 'wash' }],
  ['prompt Is it clean?', { prompt: 'Is it clean?' }],
  ['if t>40 then r 10m', { if: 'temp > 40 °C', then: [{ rest: '10 min' }] }],
  ['alarm Hot severity=critical', { alarm: { severity: 'critical', text: 'Hot' } }],
  ['limit t>50', { id: 'hot', trip: 'temp > 50 °C', samples: '2' }],
]

describe('one phrase', () => {
  it.each(ONE)('%s', (text, value) => {
    const made = values(text)
    expect(Array.isArray(made) ? made[0] : made).toEqual(value)
  })
  it.each(['t>45', 'temp > 45 °C', 'T ≥ 45 °C', 'rule t>45c'])('%s is a rule against heat', (text) => {
    const { pieces } = parse(text, 'step')
    expect(pieces[0]).toMatchObject({ kind: 'rule', value: { id: 'hot', when: { expr: text.includes('≥') ? 'temp >= 45 °C' : 'temp > 45 °C' }, then: [{ alarm: { severity: 'critical' } }, { safe_state: 'channel' }] } })
  })
  it.each([
    ['cc 4.2 bananas', 'number', '4.2'], ['cc 1a 2a 3a', 'number', '3a'], ['fly away', 'unknown', 'fly'], ['r lots', 'number', 'lots'], ['wf', null, ''], ['wf soon', 'missing', 'wait_for'], ['connect twice', 'place', 'twice'], ['cc -1a', 'number', '-1a'],
  ])('%s says what is wrong', (text, what, word) => expect(parse(text, 'step').problem).toEqual(what ? { what, word } : null))
  it('means an end among ends, a trigger among triggers', () => {
    expect(values('3h', 'end')).toEqual([{ name: 'time', when: 'step.time > 3 h' }])
    expect(values('u>=4.2v', 'end')).toEqual([{ when: 'voltage >= 4.2 V' }])
    expect(values('t>45', 'trigger')).toEqual([{ expr: 'temp > 45 °C' }])
    expect(values('t>45', 'check')).toEqual(['temp > 45 °C'])
    expect(values('cron 0 3 * * *', 'trigger')).toEqual([{ schedule: '0 3 * * *' }])
  })
  it('never charges in a list of actions', () => expect(parse('cc 1a', 'action').problem).toEqual({ what: 'unknown', word: 'cc' }))
})

describe('several phrases', () => {
  it.each([
    ['cc 1,5a 4,2v,r 30m', ['cc 1,5a 4,2v', 'r 30m']], ['r 5,3x', ['r 5', '3x']], ['wf avg(temp, 10 s) > 3, m a', ['wf avg(temp, 10 s) > 3', 'm a']], ['m "a, b"; r 1m', ['m "a, b"', 'r 1m']], [' , ,', []],
  ])('%s', (text, expected) => expect(phrases(text)).toEqual(expected))
  it('a count takes in what stands before it, and only since the count before', () => {
    const steps = (text: string) => fold(parse(text, 'step').pieces, 'step').values
    expect(steps('r 1m, m a, 3x, w 1s, 2x').map((one) => one.value)).toEqual([{ repeat: '3', do: [{ rest: '1 min' }, { marker: 'a' }] }, { repeat: '2', do: [{ wait: '1 s' }] }])
    expect(steps('r 1m, 3x, 2x').map((one) => one.value)).toEqual([{ repeat: '2', do: [{ repeat: '3', do: [{ rest: '1 min' }] }] }])
    expect(steps('r 1m, 3x, t>45').map((one) => one.kind)).toEqual(['step', 'rule'])
  })
  it('markers without a text say what has been done', () => expect(values('cc .5c 4.2v,m,r 1m,m')).toMatchObject([{}, { marker: 'Charged' }, {}, { marker: 'Rested' }]))
})

const EMPTY = readGraph('version: 1\nid: a\nfinally:\n  - safe_state: channel\n')
const AT = { slot: { list: ['sequence'], index: 0 }, kind: 'step' as const }
describe('as edits', () => {
  it('brings the sections that are missing, from the last to the first', () => {
    const { values: all } = fold(parse('r 1m, t>45, limit t>50', 'step').pieces, 'step')
    const plan = insertAll(all, AT)(EMPTY)
    expect(plan?.edits.map((edit) => [edit.op, edit.path, edit.at])).toEqual([['insert', ['rules'], 3], ['insert', ['sequence'], 2], ['insert', ['limits'], 2]])
    expect(plan?.select).toEqual(['sequence/0'])
  })
  it('a lone count takes the selected steps, else all', () => {
    const graph = readGraph('version: 1\nsequence:\n  - rest: 1 min\n  - wait: 1 s\n')
    expect(wrapAll('3', ['sequence/1'], AT)(graph)?.select).toEqual(['sequence/1'])
    expect(wrapAll('3', [], AT)(graph)?.select).toEqual(['sequence/0'])
    expect(wrapAll('3', [], AT)(EMPTY)).toBeNull()
  })
  it('steps typed beside a rule go to the sequence', () => expect(readFor('r 1m', { kind: 'rule', slot: { list: ['rules'], index: 0 } }, EMPTY).place.kind).toBe('step'))
})

describe('completion', () => {
  it('finds by name, other words and in German', () => {
    expect(matchesOf('entl', 'step')[0]?.verb).toBe('discharge')
    expect(matchesOf('r 1m, mar', 'step')[0]?.verb).toBe('marker')
    expect(matchesOf('wait f', 'step').map((one) => one.verb)).toContain('wait')
  })
  it('offers the ways to use a comparison', () => expect(matchesOf('t>45', 'step').map((one) => one.verb)).toEqual(['rule', 'limit', 'wait_for', 'if']))
  it('replaces only the last phrase', () => {
    expect(completed('r 1m, mar', 'marker')).toBe('r 1m, marker')
    expect(completed('', 'rest')).toBe('rest')
  })
  it.each(BLOCKS.flatMap((block) => block.kinds.map((kind) => [block.verb, kind] as const)))('%s can be typed by its name as %s', (verb, kind) => {
    const { pieces, problem } = parse(verb, kind)
    expect(problem).toBeNull()
    expect(pieces).toHaveLength(1)
  })
})

/** Random phrases from pieces of the grammar and rubbish; a fixed seed. */
function* rubbish(count: number): Generator<string> {
  const bits = ['cc', 'dc', 'cv', '1.5a', '4,2v', '3x', 'x', ',', ';', ' ', 'r', '30m', 't', '>', '45', '"', '(', ')', '°C', 'wf', 'if', 'then', 'set', 'PSU_01.v_set', '=', '$a', '-', 'm', 'goto', '0', '1e9', '{', '\\', 'Ω', '≤', 'limit']
  let seed = 42
  const next = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
  for (let at = 0; at < count; at += 1) yield Array.from({ length: 1 + next(7) }, () => (bits[next(bits.length)] ?? '') + (next(2) ? ' ' : '')).join('')
}

describe('whatever is typed', () => {
  it('is read without breaking, and only whole pieces come out of it', () => {
    const plain = (value: Plain): boolean => value === null || typeof value === 'string' || (Array.isArray(value) ? value.every(plain) : Object.entries(value).every(([key, inner]) => key !== '' && plain(inner)))
    for (const text of rubbish(3000)) for (const kind of ['step', 'action', 'rule', 'limit', 'end', 'trigger', 'check'] as const) {
      const { pieces } = parse(text, kind)
      for (const piece of pieces) expect('repeat' in piece ? /^(\d+|\$\w+)$/.test(piece.repeat) : plain(piece.value), text).toBe(true)
    }
  })
  it('a quantity keeps its value however it is written', () => {
    for (let n = 1; n < 400; n += 7) for (const unit of ['a', 'ma', 'v', 'mv', 'min', 'h', 'mah', '°c']) {
      const [point, comma] = [`${n / 8}${unit}`, `${String(n / 8).replace('.', ',')} ${unit.toUpperCase()}`]
      expect(quantity(comma)).toEqual(quantity(point))
      expect(quantity(quantity(point)?.text ?? '')).toEqual(quantity(point))
    }
  })
  it('a bare number takes the unit it stands beside', () => {
    expect(meant('45', 'temp')).toBe('45 °C')
    expect(meant('45c', 'temp')).toBe('45 °C')
    expect(meant('300mv', 'voltage')).toBe('300 mV')
    expect(meant('cell.charge_voltage', 'voltage')).toBe('cell.charge_voltage')
  })
})
