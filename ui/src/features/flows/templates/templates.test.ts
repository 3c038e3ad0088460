import { describe, expect, it } from 'vitest'
import { readGraph } from '../model/read'
import { sentenceOf } from '../sentences/sentences'
import { t } from './messages'
import { asText, fieldKey, filled, freshId, TEMPLATES } from './templates'

const ENTRY = { id: 'my-flow', title: 'My flow: "first"', channel: 'CH2', cell: 'cells/lfp-26650' }

describe('templates', () => {
  it.each(TEMPLATES)('$name fills in every place, can be read, and speaks', (template) => {
    const text = filled(template, { ...template.values, ...ENTRY })
    expect(text).not.toMatch(/%\w+%|^#:/m)
    const graph = readGraph(text)
    expect(graph.readable).toBe(true)
    expect(graph.head).toMatchObject({ id: 'my-flow', title: ENTRY.title })
    if (template.hasChannel) expect(graph.head.channel).toBe('CH2')
    expect(graph.nodes.size).toBeGreaterThan(1)
    for (const node of graph.nodes.values()) expect(sentenceOf(node)).not.toBe('')
  })
  it.each(TEMPLATES)('$name has a name, a word about it and a label for each value', (template) => {
    expect(Object.keys(template.values).length).toBeLessThanOrEqual(6)
    for (const name of Object.keys(template.values)) expect(t(fieldKey(name))).not.toContain('f_')
    expect(t(`t_${template.name}`)).not.toContain('t_')
  })
  it('gives ids that nobody has', () => {
    expect(freshId('Übertemperatur-Regel', [])).toBe('uebertemperatur-regel')
    expect(freshId('Flow', ['flow', 'flow-2'])).toBe('flow-3')
    expect(freshId('!!!', [])).toBe('flow')
  })
  it.each([['Charge CC-CV', 'Charge CC-CV'], ['a: b', '"a: b"'], ['yes', '"yes"'], ['22', '"22"'], ['Prüfung (1)', 'Prüfung (1)'], ['', '""']])('writes the title %s as %s', (title, text) => expect(asText(title)).toBe(text))
})
