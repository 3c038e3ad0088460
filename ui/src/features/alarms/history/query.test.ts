import { describe, expect, it } from 'vitest'
import { fromAddress, NO_HISTORY_FILTER, queryOf, timesOf, toAddress } from './query'

describe('history filter', () => {
  it('asks for the last day from the time of the server', () => {
    expect(queryOf({ ...NO_HISTORY_FILTER, span: 'day', severity: 'critical', text: ' hot ' }, 100_000.5, 7)).toMatchObject({ since: 13_600, severity: 'critical', text: 'hot', before: 7, limit: 100 })
  })
  it('takes own times, and leaves out what is no time', () => {
    const { since, until } = timesOf({ ...NO_HISTORY_FILTER, span: 'own', from: '2026-03-01T08:00', to: '' }, 0)
    expect(since).toBe(new Date('2026-03-01T08:00').getTime() / 1000)
    expect(until).toBeUndefined()
  })
  it('survives the way through the address', () => {
    const filter = { ...NO_HISTORY_FILTER, device: 'PSU_01', span: 'week' as const, key: 'PSU_01/u' }
    expect(toAddress(filter)).toEqual({ device: 'PSU_01', span: 'week', key: 'PSU_01/u' })
    expect(fromAddress({ ...toAddress(filter), other: 'x' })).toEqual(filter)
  })
})
