import { describe, expect, it } from 'vitest'
import type { RunLimit } from '@/api/types'
import { setLocale } from '@/i18n'
import { limitRows } from './limitRows'

const limit = (quantity: string, value: number | string, unit = 'V', origin = 'cell'): RunLimit => ({ quantity, value, unit, origin })

describe('limitRows', () => {
  setLocale('en')
  it('joins least and most of a quantity to one range', () => {
    expect(limitRows([limit('voltage_min', 2.4), limit('voltage_max', 4.25, 'V', 'flow')])).toEqual([
      { quantity: 'voltage', text: '2.40 … 4.25 V', origins: ['cell', 'flow'], reaction: null },
    ])
  })
  it('tells the slower reaction of a range', () => {
    const rows = limitRows([{ ...limit('voltage_min', 2.4), reaction_s: 2.5 }, { ...limit('voltage_max', 4.25), reaction_s: 4 }])
    expect(rows[0]?.reaction).toBe(4)
  })
  it('shows a single bound with its direction', () => {
    expect(limitRows([limit('charge_current', 4, 'A')])[0]?.text).toBe('≤ 4 A')
    expect(limitRows([limit('charge_temp_min', 0, '°C')])[0]?.text).toBe('≥ 0 °C')
  })
  it('shows a condition of the flow under its id', () => {
    expect(limitRows([limit('q-max', 'step.ah >= 1.2 * cell.capacity', '', 'flow')])).toEqual([
      { quantity: 'q-max', text: 'step.ah ≥ 1.2 · cell.capacity', origins: ['flow'], reaction: null },
    ])
  })
})
