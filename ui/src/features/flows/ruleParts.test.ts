import { describe, expect, it } from 'vitest'
import { ruleParts } from './ruleParts'

describe('ruleParts', () => {
  it('tells when, if, then and else of a rule in short lines', () => {
    const text = `
rules:
  - id: warm
    when: {expr: DMM_01.cell_temp >= 35 °C, for: 10 s}
    if: trigger.value
    then:
      - marker: "Cell at {{ x }}"
      - alarm: {severity: warning, text: Hot}
    else:
      - alarm: {do: clear}
`
    expect(ruleParts(text)).toEqual({
      warm: {
        when: ['DMM_01.cell_temp ≥ 35 °C (for: 10 s)'],
        if: ['trigger.value'],
        then: ['marker: Cell at {{ x }}', 'alarm: Hot (severity: warning)'],
        else: ['alarm: clear'],
      },
    })
  })
  it('reads several triggers and plain ones', () => {
    expect(ruleParts('rules: [{id: a, when: [temp > 1, {run: step_ended, step: charge}], then: [{log: hi}]}]').a?.when).toEqual(['temp > 1', 'run step_ended, step charge'])
  })
  it.each(['rules: [', 'just text', '', 'rules: 3'])('gives nothing for %j', (text) => expect(ruleParts(text)).toEqual({}))
})
