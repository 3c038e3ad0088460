import { describe, expect, it } from 'vitest'
import type { RuleState } from '@/api/rules'
import { filterOf, matches, NO_FILTER, queryOf } from './filter'
import { changesOf, durationText, plainText, reasonText, standingOf, truthOf } from './words'

const RULE = {
  id: 'guard/hot', title: 'Too hot', flow: 'guard', scope: 'always', sentence: 'When DMM.temp > 40 °C: set PSU.out to off', if: ['PSU.out'], when: [], during: [], enabled: true, runtime_enabled: true, suspended: '', fired: 2, last_outcome: 'done', waiting: 0, state: 'idle',
  actions: [{ place: 'then/0', verb: 'set', sentence: 'set PSU.out to off', enabled: true, runtime_enabled: true }],
} as unknown as RuleState
const rule = (change: Partial<RuleState>): RuleState => ({ ...RULE, ...change })

describe('the filter of rules', () => {
  it('finds every word in what a rule says, wherever it stands', () => {
    expect(matches(RULE, { ...NO_FILTER, text: 'psu HOT' })).toBe(true)
    expect(matches(RULE, { ...NO_FILTER, text: 'psu cold' })).toBe(false)
  })
  it.each([
    ['trouble', { suspended: 'feeds itself' }, true],
    ['trouble', { last_outcome: 'failed' }, true],
    ['trouble', {}, false],
    ['on', { suspended: 'feeds itself' }, false],
    ['off', { runtime_enabled: false }, true],
    ['acting', { state: 'pending' as const }, true],
    ['has_fired', { fired: 0 }, false],
  ] as const)('takes %s for %o: %s', (state, change, expected) => {
    expect(matches(rule(change), { ...NO_FILTER, state })).toBe(expected)
  })
  it('comes back out of the address as it was put in', () => {
    const filter = { text: 'hot', state: 'off', flow: 'guard', scope: 'run' } as const
    expect(filterOf(queryOf(filter))).toEqual(filter)
    expect(queryOf(filterOf({ state: 'nonsense' }))).toEqual({})
  })
})

describe('words of rules', () => {
  it('puts a suspension above the switch, and the switch above what it does', () => {
    expect(standingOf(rule({ suspended: 'x', runtime_enabled: false }))).toBe('suspended')
    expect(standingOf(rule({ runtime_enabled: false, state: 'running' }))).toBe('off')
    expect(standingOf(rule({ waiting: 1 }))).toBe('pending')
  })
  it('says a reason it knows in words and one it does not know as it is', () => {
    expect(reasonText('stopped at if')).toBe('a condition did not hold')
    expect(reasonText('the moon')).toBe('the moon')
  })
  it('tells unknown from false, and a measured zero from both', () => {
    expect([truthOf(null), truthOf(false), truthOf(0)]).toEqual(['unknown', 'false', null])
  })
  it('says what an action changed', () => {
    const action = { sentence: '', ok: true }
    expect(changesOf({ ...action, verb: 'set', result: { 'PSU.i': { outcome: 'done', sent: 0.5 } } })).toBe('PSU.i = 0.5000 (done)')
    expect(changesOf({ ...action, verb: 'variables', result: { warm: 2 } })).toBe('warm = 2')
    expect(changesOf({ ...action, verb: 'marker', result: { label: 'Full', id: 3 } })).toBe('Full')
    expect(changesOf({ ...action, verb: 'log' })).toBe('')
  })
  it('shows nested results and leaves out what is empty', () => {
    expect(plainText({ a: [1, { b: true }], c: null, d: '' })).toBe('a (1, b true)')
  })
  it('has a word for an action that took no time', () => {
    expect([durationText(0), durationText(0.02), durationText(75)]).toEqual(['at once', '20 ms', '1:15'])
  })
})
