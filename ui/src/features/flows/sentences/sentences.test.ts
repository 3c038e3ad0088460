import { afterEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { setLocale } from '@/i18n'
import type { NodeKind, Plain } from '../model/graph'
import { BLOCKS } from '../palette/blocks'
import { lookOf, verbName } from './look'
import { sentence, stepSentence } from './sentences'

const read = (yaml: string) => parse(yaml, { schema: 'failsafe' }) as Plain
const both = (kind: NodeKind, yaml: string) => (['en', 'de'] as const).map((language) => {
  setLocale(language)
  return sentence(kind, read(yaml))
})
afterEach(() => setLocale('en'))

const STEPS: [string, string, string][] = [
  ['{charge: {current: 1.5 A}, until: [voltage >= 4.2 V, current <= 50 mA, step.time > 3 h]}', 'Charge CC 1.5 A until U ≥ 4.2 V or I ≤ 50 mA, at most 3 h', 'Laden CC 1.5 A bis U ≥ 4.2 V oder I ≤ 50 mA, höchstens 3 h'],
  ['{charge: {current: 0.5 C, voltage: 4.2 V}, until: {name: time, when: step.time > 4 h, verdict: fail}}', 'Charge CC-CV 0.5 C to 4.2 V, at most 4 h', 'Laden CC-CV 0.5 C bis 4.2 V, höchstens 4 h'],
  ['{charge: {power: 5 W, voltage: 4.2 V}}', 'Charge CP 5 W up to 4.2 V', 'Laden CP 5 W bis 4.2 V'],
  ['{charge: {voltage: $top}}', 'Charge CV $top', 'Laden CV $top'],
  ['{discharge: {resistance: 5 Ω}, until: {cutoff: voltage <= 2.5 V}}', 'Discharge CR 5 Ω until U ≤ 2.5 V', 'Entladen CR 5 Ω bis U ≤ 2.5 V'],
  ['{rest: 30 min}', 'Rest 30 min', 'Ruhe 30 min'],
  ['{rest: {duration: 1 h, resume: true}}', 'Rest 1 h, goes on after a pause', 'Ruhe 1 h, geht nach einer Pause weiter'],
  ['{repeat: {count: 10, until: voltage > 4.1 V}, do: []}', 'Repeat 10 × until U > 4.1 V', '10 × wiederholen bis U > 4.1 V'],
  ['{repeat: {for_each: [1 A, 2 A]}}', 'Repeat for each of 1 A, 2 A', 'Wiederholen für 1 A, 2 A'],
  ['{goto: again, max: 2}', 'Go to again, at most 2 ×', 'Weiter bei again, höchstens 2 ×'],
  ['{wait_for: temp < 30 °C, timeout: 1 h}', 'Wait until T < 30 °C, at most 1 h', 'Warten bis T < 30 °C, höchstens 1 h'],
  ['{wait_for: {condition: {expr: temp < 30 °C, for: 1 min}, timeout: 1 h}}', 'Wait until T < 30 °C, at most 1 h', 'Warten bis T < 30 °C, höchstens 1 h'],
  ['{prompt: Is it clean?, choices: {clean: pass, dirty: fail}}', 'Ask “Is it clean?” (clean / dirty)', '„Is it clean?“ fragen (clean / dirty)'],
  ['{sync: begin, with: [CH1, CH2]}', 'Wait at begin for CH1, CH2', 'Warten bei begin auf CH1, CH2'],
  ['{pulse: {discharge: 1 C, for: 10 s, rest: 40 s}}', 'Pulse: discharge 1 C, for 10 s, rest 40 s', 'Puls: entladen 1 C, für 10 s, Ruhe 40 s'],
  ['{ramp: {charge: {current: {from: 0 A, to: 1 A}}, over: 10 min}}', 'Ramp charge from 0 A to 1 A in 10 min', 'Rampe Laden von 0 A bis 1 A in 10 min'],
  ['{ramp: {point: PSU_01.v_set, to: 4 V, rate: 0.1 V/s}}', 'Ramp PSU_01.v_set to 4 V at 0.1 V/s', 'Rampe PSU_01.v_set bis 4 V mit 0.1 V/s'],
  ['{set: {PSU_01.v_set: 4.2 V, PSU_01.i_set: 1 A}}', 'Set PSU_01.v_set to 4.2 V, PSU_01.i_set to 1 A', 'Stelle PSU_01.v_set auf 4.2 V, PSU_01.i_set auf 1 A'],
  ['{frobnicate: {speed: 3}, beside: x}', 'Frobnicate speed: 3, beside: x', 'Frobnicate speed: 3, beside: x'],
  ['panic', 'All outputs off, latched', 'Alle Ausgänge aus, verriegelt'],
]
const RULES: [NodeKind, string, string, string][] = [
  ['trigger', '{expr: temp > 45 °C, for: 10 s}', 'T > 45 °C for 10 s', 'T > 45 °C für 10 s'],
  ['trigger', 'PSU_01.temp > 60 °C', 'PSU_01.temp > 60 °C', 'PSU_01.temp > 60 °C'],
  ['trigger', '{run: step_ended, step: charge}', 'step charge ends', 'Schritt charge endet'],
  ['trigger', '{schedule: {every: 10 min}}', 'every 10 min', 'alle 10 min'],
  ['check', '{any: [temp > 3 °C, {not: PSU_01.on}]}', 'T > 3 °C or not (PSU_01.on)', 'T > 3 °C oder nicht (PSU_01.on)'],
  ['check', '{time: {after: "22:00", before: "06:00", days: [fri]}}', 'it is between 22:00 and 06:00 on fri', 'es zwischen 22:00 und 06:00 ist am fri'],
  ['end', '{name: taper, phase: cv, when: current < 0.05 C, for: 10 s, goto: relax}', 'I < 0.05 C for 10 s → relax', 'I < 0.05 C für 10 s → relax'],
  ['limit', '{id: hot, trip: temp > 45 °C, samples: 2}', 'Trip at T > 45 °C (2 samples)', 'Auslösen bei T > 45 °C (2 Messwerte)'],
  ['rule', '{id: a, when: {run: step_ended, step: charge}, if: step.ended_by == "taper", then: [{marker: Full}, {if: temp > 3 °C, then: [{log: hot}]}]}', 'When step charge ends, if step.ended_by = "taper": Marker “Full”, if T > 3 °C: Log “hot”', 'Wenn Schritt charge endet, falls step.ended_by = "taper": Marker „Full“, falls T > 3 °C: Protokoll „hot“'],
]

describe('sentences', () => {
  it.each(STEPS)('%s', (yaml, en, de) => expect(both('step', yaml)).toEqual([en, de]))
  it.each(RULES)('%s %s', (kind, yaml, en, de) => expect(both(kind, yaml)).toEqual([en, de]))
  it('names the channel when asked to', () => expect(stepSentence(read('{charge: {current: 1 A}, until: step.ah > 1 Ah}'), 'CH1')).toBe('Charge CC 1 A on CH1 until Q > 1 Ah'))
  it('speak of half-typed steps without breaking', () => {
    for (const yaml of ['', '{}', '{charge: }', '{id: a}', '[]', '{repeat: [], do: }', '{if: {check: []}}', '{set: x}', '{until: [[]]}']) expect(typeof sentence('step', read(yaml || 'null') ?? null)).toBe('string')
  })
  it.each(BLOCKS.map((block) => [`${block.verb} as ${block.kinds.join(', ')}`, block] as const))('have words, a name and an icon for %s', (_, block) => {
    for (const language of ['en', 'de'] as const) {
      setLocale(language)
      for (const kind of block.kinds) expect(sentence(kind, block.value)).not.toMatch(/^$|flowSentences|undefined|\[object/)
      expect(verbName(block.verb)).not.toContain('_')
    }
    expect(lookOf(block.verb).icon).toBeTruthy()
  })
})
