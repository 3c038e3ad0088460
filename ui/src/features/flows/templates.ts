/** Texts a new flow begins with. */
export type Template = 'sequence' | 'rules'

const SEQUENCE = `channel: CH1
cell: cells/inr18650-25r

limits:
  - {id: hot, trip: temp > 45 °C, samples: 2}

sequence:
  - id: charge
    charge: {current: 0.5 C, voltage: 4.2 V}
    until:
      - {name: taper, phase: cv, when: current < 0.05 C, for: 10 s}
      - {name: time, when: step.time > 4 h, verdict: fail}
  - {id: pause, rest: 30 min}
finally:
  - safe_state: channel
`

const RULES = `rules:
  - id: hot
    title: Supply is hot
    when: {expr: PSU_01.temp > 60 °C, for: 10 s}
    then:
      - alarm: {severity: warning, text: Supply is hot}
`

export function newFlowText(template: Template, id: string, title: string): string {
  const head = `version: 1\nid: ${id}\ntitle: ${JSON.stringify(title)}\n`
  return head + (template === 'sequence' ? SEQUENCE : `\n${RULES}`)
}
