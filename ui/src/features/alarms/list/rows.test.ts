import { describe, expect, it } from 'vitest'
import type { Alarm } from '@/api/alarmTypes'
import { shelfTimes } from '../actions'
import { countsOf, isFirstOut, NO_FILTER, rowsOf, verbsOf } from './rows'

const alarm = (over: Partial<Alarm>): Alarm =>
  ({ id: 1, key: 'a', timestamp: 100, severity: 'warning', text: 'too hot', source: 'limit', state: 'active_unacked', acknowledged: false, overlay: '', hidden: false, device_id: null, ...over }) as Alarm

describe('rows', () => {
  const offline = alarm({ key: 'PSU/offline', device_id: 'PSU', source: 'device', text: 'PSU is offline' })
  const child = alarm({ key: 'PSU/u', device_id: 'PSU', hidden: true, text: 'HI u' })
  const other = alarm({ key: 'DMM/t', device_id: 'DMM', severity: 'critical' })

  it('fold what an offline device explains under its alarm', () => {
    const rows = rowsOf([other, offline, child], 'active', NO_FILTER)
    expect(rows.map((row) => [row.alarm.key, row.children.length])).toEqual([['DMM/t', 0], ['PSU/offline', 1]])
    expect(countsOf([other, offline, child])).toEqual({ active: 2, shelved: 0, suppressed: 0, out_of_service: 0 })
  })
  it('show a hidden alarm without its parent as suppressed', () => {
    expect(rowsOf([child], 'active', NO_FILTER)).toEqual([])
    expect(rowsOf([child], 'suppressed', NO_FILTER)).toHaveLength(1)
  })
  it('keep the parent when a child fits the filter', () => {
    expect(rowsOf([other, offline, child], 'active', { ...NO_FILTER, text: 'hi U' }).map((row) => row.alarm.key)).toEqual(['PSU/offline'])
  })
  it('are filtered by severity and by what nobody has seen', () => {
    const seen = alarm({ key: 'b', acknowledged: true, severity: 'critical' })
    expect(rowsOf([seen, other, offline], 'active', { severity: 'critical', text: '', unackedOnly: true }).map((row) => row.alarm.key)).toEqual(['DMM/t'])
  })
  it('of covered alarms stand in the tab of the cover', () => {
    const shelved = alarm({ key: 's', overlay: 'shelved' })
    const service = alarm({ key: 'o', overlay: 'out_of_service', state: 'normal' })
    expect(rowsOf([shelved, service], 'shelved', NO_FILTER).map((row) => row.alarm.key)).toEqual(['s'])
    expect(rowsOf([shelved, service], 'out_of_service', NO_FILTER).map((row) => row.alarm.key)).toEqual(['o'])
    expect(countsOf([shelved, service]).active).toBe(0)
  })
  it('mark the first of a burst, but no lone alarm', () => {
    const first = alarm({ first: true })
    expect(isFirstOut(first, [first])).toBe(false)
    expect(isFirstOut(first, [first, alarm({ key: 'b', timestamp: 104 })])).toBe(true)
    expect(isFirstOut(first, [first, alarm({ key: 'b', timestamp: 900 })])).toBe(false)
  })
})

describe('a shelf', () => {
  it('lasts as long as the most urgent of the alarms allows', () => {
    expect(shelfTimes([alarm({ priority: 1 }), alarm({ priority: 4 })])).toEqual([15, 30, 60])
    expect(shelfTimes([alarm({ priority: 4 })]).at(-1)).toBe(4320)
    expect(shelfTimes([alarm({})]).at(-1)).toBe(480)
  })
})

describe('verbs', () => {
  it.each([
    ['an unseen one', {}, ['ack', 'shelve', 'out-of-service']],
    ['a seen one', { state: 'active_acked', acknowledged: true }, ['shelve', 'out-of-service', 'unack']],
    ['a latched one', { state: 'latched', acknowledged: true }, ['reset', 'shelve', 'out-of-service']],
    ['a shelved one', { overlay: 'shelved', state: 'active_acked', acknowledged: true }, ['unshelve', 'out-of-service', 'unack']],
    ['a shelved one that nobody has seen', { overlay: 'shelved' }, ['unshelve', 'ack', 'out-of-service']],
    ['one out of service', { overlay: 'out_of_service', state: 'normal', acknowledged: true }, ['return-to-service']],
    ['one of a server without covers', { overlay: undefined }, ['ack']],
  ] as [string, Partial<Alarm>, string[]][])('of %s', (_name, over, verbs) => {
    expect(verbsOf(alarm(over))).toEqual(verbs)
  })
})
