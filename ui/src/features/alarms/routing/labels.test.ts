import { describe, expect, it } from 'vitest'
import type { AlarmRoute } from '@/api/alarmTypes'
import { escalationsOf, secondsOf, spanText } from '../ways'
import { linesOf, matchersFor, parseLabels } from './labels'
import { factsOf } from './routeFacts'

describe('labels', () => {
  it.each([
    ['severity=critical device=PSU_01', { severity: 'critical', device: 'PSU_01' }],
    ['{severity="critical", device="PSU 1"}', { severity: 'critical', device: 'PSU 1' }],
    ["a='x y'\nb=2", { a: 'x y', b: '2' }],
    ['a="quote \\" here"', { a: 'quote " here' }],
    ['a=', { a: '' }],
    ['', {}],
  ])('are read from %j', (text, labels) => {
    expect(parseLabels(text)).toEqual({ labels, rest: '' })
  })
  it.each(['severity', '=x', 'a="open', '7a=b', 'a=1 !'])('say what cannot be read in %j', (text) => {
    expect(parseLabels(text).rest).not.toBe('')
  })
  it('become conditions that name one alarm', () => {
    expect(matchersFor({ alertname: 'u"1', device: 'PSU_01', severity: 'critical' })).toEqual(['alertname="u\\"1"', 'device="PSU_01"'])
    expect(linesOf(' a="b" \n\n c=~"d" ')).toEqual(['a="b"', 'c=~"d"'])
  })
})

describe('spans', () => {
  it.each([['5m', 300], ['1h30m', 5400], ['30 s', 30], [90, 90], ['90', 90], ['soon', null], ['', null], [undefined, null]])('%j is %j s', (value, seconds) => {
    expect(secondsOf(value)).toBe(seconds)
  })
  it.each([[300, '5 min'], ['4h', '4 h'], [45, '45 s'], [86_400, '1 d'], [5400, '90 min'], ['soon', 'soon']])('%j reads %s', (value, text) => {
    expect(spanText(value)).toBe(text)
  })
  it('of escalations are read', () => {
    expect(escalationsOf({ receiver: 'lab', path: [], matched: [], reasons: [], escalate: [{ after: 300, to: 'on-call' }, 'nobody'] })).toEqual([{ after: '5 min', to: 'on-call' }, { after: '', to: 'nobody' }])
  })
})

describe('a route', () => {
  const parent: AlarmRoute = { receiver: 'lab', group_by: ['device'], group_wait: 30, group_interval: 300, repeat_interval: 14_400 }
  it('says only what differs from the one above', () => {
    expect(factsOf({ ...parent, group_wait: 5, mute_time_intervals: ['nights'] }, parent).map((fact) => fact.key)).toEqual(['wait', 'muteIn'])
    expect(factsOf(parent, null).map((fact) => fact.key)).toEqual(['groupBy', 'wait', 'interval', 'repeat'])
  })
  it('knows groups of all and of none', () => {
    expect(factsOf({ ...parent, group_by: ['...'] }, parent)[0]?.key).toBe('eachAlone')
    expect(factsOf({ ...parent, group_by: [] }, parent)[0]?.key).toBe('allTogether')
  })
})
