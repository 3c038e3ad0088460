import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { Alarm } from '@/api/alarmTypes'
import { setLocale } from '@/i18n'
import { newsOf, readSettings, useNotices, type News } from '@/stores/notices'
import { soundingKeys, summaryOf } from './summary'

const alarm = (over: Partial<Alarm> & { transition?: string }) =>
  ({ id: 1, key: 'a', severity: 'critical', text: 'too hot', state: 'active_unacked', acknowledged: false, overlay: '', hidden: false, transition: 'raised', ...over }) as Alarm & { transition: string }
const news = (over: Partial<News>): News => ({ key: 'a', text: 'too hot', severity: 'warning', routed: false, ...over })

beforeEach(() => setLocale('en'))

describe('news', () => {
  it.each([['raised', true], ['worse', true], ['realarm', true], ['unacknowledged', true], ['changed', false], ['cleared', false], ['shelved', false]])('of %s: %s', (transition, told) => {
    expect(newsOf(alarm({ transition })) !== null).toBe(told)
  })
  it('is nothing that is covered, hidden or seen', () => {
    expect([{ overlay: 'shelved' as const }, { hidden: true }, { acknowledged: true }].map((over) => newsOf(alarm(over)))).toEqual([null, null, null])
  })
})

describe('a burst', () => {
  it('becomes one message with the worst first', () => {
    const many = Array.from({ length: 40 }, (_, n) => news({ key: `k${n}`, text: `alarm ${n}`, severity: n === 7 ? 'critical' : 'warning' }))
    expect(summaryOf(many)).toEqual({ title: '40 alarms, the worst: Critical', body: 'alarm 7\nalarm 0\nalarm 1\nand 37 more', severity: 'critical', count: 40 })
  })
  it('of one alarm that came twice is one alarm', () => {
    expect(summaryOf([news({}), news({ text: 'hotter', severity: 'critical' })])).toMatchObject({ body: 'hotter', count: 1 })
  })
  it('of nothing is none', () => expect(summaryOf([])).toBeNull())
})

describe('critical alarms', () => {
  it('sound until they are acknowledged, put aside or hushed', () => {
    expect(soundingKeys([alarm({}), alarm({ key: 'b', acknowledged: true }), alarm({ key: 'c', overlay: 'shelved' }), alarm({ key: 'd', severity: 'warning' })], new Set())).toEqual(['a 1'])
    expect(soundingKeys([alarm({})], new Set(['a 1']))).toEqual([])
  })
  it('sound again when a hushed one comes anew', () => {
    expect(soundingKeys([alarm({ id: 9 })], new Set(['a 1']))).toEqual(['a 9'])
  })
})

describe('settings', () => {
  it('are off at first and remembered', async () => {
    const notices = useNotices()
    expect(notices.settings).toMatchObject({ sound: false, desktop: false, what: 'all' })
    notices.settings.sound = true
    await nextTick()
    expect(readSettings(localStorage.getItem('ionpy.alarms.notices')).sound).toBe(true)
  })
  it.each(['{', '[]', 'null', '{"volume":"loud","what":7}'])('survive %s', (stored) => {
    expect(readSettings(stored)).toEqual({ sound: false, volume: 0.5, desktop: false, what: 'all' })
  })
  it('tell an alarm once, by its event or by its routed message', () => {
    const notices = useNotices()
    const note = { key: 'n', receiver: 'browser', status: 'firing', severity: 'critical' as const, title: 'T', message: '' }
    notices.hearAlarm(alarm({}))
    notices.hearMessage(note)
    expect(notices.take().map((one) => one.routed)).toEqual([false])
    notices.settings.what = 'routed'
    notices.hearAlarm(alarm({}))
    notices.hearMessage(note)
    expect(notices.take().map((one) => one.routed)).toEqual([true])
    expect(notices.waiting).toEqual([])
  })
})
