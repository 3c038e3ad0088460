import { describe, expect, it } from 'vitest'
import type { AlarmDefinitions } from '@/api/alarmTypes'
import type { Run } from '@/api/types'
import { bandsOf, linesOf } from './curves'
import { limitsByPoint, NO_LIMITS, runLimits } from './limits'

const curve = (label: string, unit = 'V') => ({ label, unit, color: '--s1' })

describe('limits in a chart', () => {
  const answer = {
    items: [{ point: 'CH1.voltage', watches: [{ word: 'HI', source: 'limit', at: 4.2 }, { word: 'rate', source: 'rate', at: 1 }] }],
    defaults: [{ point: 'PSU_01.u', replaced: false, lo: 1, hi: null }, { point: 'CH1.voltage', replaced: true, hi: 9 }],
  } as unknown as AlarmDefinitions

  it('takes those of the project before those of the driver, and only limits', () => {
    const found = limitsByPoint(answer)
    expect(found.get('CH1.voltage')).toEqual({ ...NO_LIMITS, hi: 4.2 })
    expect(found.get('PSU_01.u')).toEqual({ ...NO_LIMITS, lo: 1 })
  })

  it('grounds the axis between the limits, once for curves that share them', () => {
    const limits = { lolo: 2, lo: 2.5, hi: 4, hihi: 4.2 }
    expect(bandsOf([{ curve: curve('U'), limits }]).map(({ from, to, tone }) => [from, to, tone])).toEqual([[4.2, null, 'bad'], [4, 4.2, 'warn'], [2, 2.5, 'warn'], [null, 2, 'bad']])
    expect(bandsOf([{ curve: curve('U'), limits }, { curve: curve('V'), limits: NO_LIMITS }])).toEqual([])
  })

  it('says in words what each line is', () => {
    expect(linesOf([{ curve: curve('Cell'), limits: { ...NO_LIMITS, hihi: 4.2 } }]).map((line) => line.label)).toEqual(['▲▲ Cell too high 4.200 V'])
  })

  it('draws what a run enforces on its channel, discharge downwards', () => {
    const run = { state: 'running', bindings: { channel: 'CH1' }, limits: [{ quantity: 'discharge_current', value: 20, unit: 'A', origin: 'cell' }, { quantity: 'mine', value: 'CH1.voltage > 4', unit: '', origin: 'flow' }] } as unknown as Run
    expect(runLimits([run], 'CH1.current')).toEqual([{ at: -20, unit: 'A', quantity: 'discharge_current' }])
    expect(runLimits([run], 'CH2.current')).toEqual([])
    expect(runLimits([{ ...run, state: 'finished' }], 'CH1.current')).toEqual([])
  })
})
