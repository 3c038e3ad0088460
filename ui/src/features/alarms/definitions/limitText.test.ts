import { describe, expect, it } from 'vitest'
import { emptyEntry, entryOf, problemOf, withLimits, type LimitEntry } from './limitText'

const FILE = `# kept
defaults: {on_delay: 1 s}
alarms:
  - point: PSU_01.v_out   # of the cell
    hihi: {at: 4.25 V, priority: 1}
    hi: 4.20 V
    guidance: Look.
  - {id: hot, when: PSU_01.temp > 50 °C}
`
const entry = (more: Partial<LimitEntry>, limits: Partial<LimitEntry['limits']>): LimitEntry => ({ ...emptyEntry(), point: 'DMM.v', unit: 'V', ...more, limits: { ...emptyEntry().limits, ...limits } })

describe('limits in the text', () => {
  it('begins a file that has none', () => {
    expect(withLimits('', entry({ onDelay: '2' }, { hi: '4,2' }))).toBe('alarms:\n  - point: DMM.v\n    hi: 4.2 V\n    on_delay: 2 s\n')
  })
  it('keeps comments, order and what a limit says besides its number', () => {
    const changed = withLimits(FILE, { ...entryOf(FILE, 'PSU_01.v_out', 'V'), limits: { lolo: '', lo: '', hi: '4.1', hihi: '4.3' } })
    expect(changed).toBe(FILE.replace('hi: 4.20 V', 'hi: 4.1 V').replace('at: 4.25 V', 'at: 4.3 V'))
  })
  it('appends a point that is not there', () => {
    const changed = withLimits(FILE, entry({}, { lo: '2.8' }))
    expect(changed).toBe(FILE + '  - point: DMM.v\n    lo: 2.8 V\n')
  })
  it('takes a limit away', () => {
    expect(withLimits(FILE, { ...entryOf(FILE, 'PSU_01.v_out', 'V'), guidance: '' })).not.toContain('Look.')
  })
  it.each(['alarms: [', '- a', '{a: b'])('leaves a text alone that it cannot read: %s', (text) => {
    expect(withLimits(text, entry({}, { hi: '1' }))).toBeNull()
  })
  it('reads what is there', () => {
    const read = entryOf(FILE, 'PSU_01.v_out', 'V')
    expect([read.limits.hihi, read.limits.hi, read.limits.lo, read.guidance]).toEqual(['4.25', '4.20', '', 'Look.'])
  })
})

describe('what is wrong with an entry', () => {
  it.each([
    [entry({ point: 'nobody.x' }, { hi: '1' }), 'point'],
    [entry({}, {}), 'none'],
    [entry({}, { hi: 'much' }), 'number'],
    [entry({ deadband: 'x' }, { hi: '1' }), 'number'],
    [entry({}, { lo: '3', hi: '2' }), 'order'],
    [entry({}, { lolo: '1', hihi: '2' }), null],
  ])('%j: %s', (given, problem) => {
    expect(problemOf(given, ['DMM.v'])).toBe(problem)
  })
})
