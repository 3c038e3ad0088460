import { beforeEach, describe, expect, it } from 'vitest'
import type { AlarmWatch, DriverLimits } from '@/api/alarmTypes'
import { setLocale } from '@/i18n'
import { delaysOf, limitsText, moreOf, shownOf } from './facts'

const watch = (over: Partial<AlarmWatch>): AlarmWatch =>
  ({ word: 'HI', source: 'limit', shown: '4.2 V', unit: 'V', severity: 'warning', priority: null, on_delay_s: 0, off_delay_s: 0, count: 0, within_s: 0, realarm_s: 0, latching: false, active_when: '', guidance: '', ...over })

beforeEach(() => setLocale('en'))

describe('a watched limit', () => {
  it('says its delays, a count instead of one', () => {
    expect(delaysOf(watch({ on_delay_s: 2, off_delay_s: 10, realarm_s: 1800 }))).toBe('on after 2 s · off after 10 s · again after 30 min')
    expect(delaysOf(watch({ count: 5, within_s: 10 }))).toBe('5 in 10 s')
    expect(delaysOf(watch({}))).toBe('')
  })
  it('is not named twice', () => {
    expect([shownOf(watch({ shown: 'HI' })), shownOf(watch({ word: 'rate', shown: 'changes too fast:' }))]).toEqual(['', 'changes too fast'])
  })
  it('says what else holds', () => {
    expect(moreOf(watch({ priority: 1, latching: true, active_when: 'CH1.phase == "cc"' }))).toBe('priority 1 · latches · only when CH1.phase == "cc"')
  })
  it('of a driver is told from low to high, zero included', () => {
    expect(limitsText({ key: 'k', point: 'p', unit: 'V', lolo: 0, lo: null, hi: 4.2, deadband: 0.5, replaced: false } as DriverLimits)).toBe('LOLO 0.000 V · HI 4.200 V · deadband 0.5000 V')
  })
})
