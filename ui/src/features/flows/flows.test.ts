import { Text } from '@codemirror/state'
import { describe, expect, it } from 'vitest'
import { EditorState } from '@codemirror/state'
import { CompletionContext } from '@codemirror/autocomplete'
import { readDraft, writeDraft } from '@/features/texts/drafts'
import { flowCompletion } from './editor/completion'
import { spanOf, syntaxDiagnostics } from '@/features/texts/findings'
import { placeAt } from './editor/place'
import { keysAt, valuesAt } from './editor/schema'
import { differingLines } from '@/features/texts/lines'
import { boundTo, conditionsOf, parseConditions, readParameter } from './startForm'

const schema = {
  type: 'object',
  properties: {
    version: { const: 1 },
    sequence: { type: 'array', items: { $ref: '#/$defs/Step' } },
    rules: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' }, mode: { enum: ['single', 'restart'] } } } },
  },
  $defs: {
    Step: {
      anyOf: [
        { type: 'object', properties: { id: {}, charge: { type: 'object', description: 'Charge the cell', properties: { current: {}, voltage: {} } }, until: { type: 'array', items: { type: 'object', properties: { when: {}, verdict: { enum: ['fail', 'pass'] } } } } } },
        { type: 'object', properties: { repeat: {}, do: { type: 'array', items: { $ref: '#/$defs/Step' } } } },
      ],
    },
  },
}

/** The text with `|` where the cursor is. */
function cursor(marked: string): { text: string; at: number } {
  const at = marked.indexOf('|')
  return { text: marked.slice(0, at) + marked.slice(at + 1), at }
}
function suggest(marked: string): string[] {
  const { text, at } = cursor(marked)
  const state = EditorState.create({ doc: text })
  const result = flowCompletion(() => schema, () => [{ label: 'PSU_01.u_out', detail: 'V' }])(new CompletionContext(state, at, true))
  return result && 'options' in result ? result.options.map((option) => option.label) : []
}

describe('placeAt', () => {
  it.each([
    ['|', []],
    ['sequence:\n  - |', ['sequence', 0]],
    ['sequence:\n  - id: a\n    |', ['sequence', 0]],
    ['sequence:\n- id: a\n  |', ['sequence', 0]],
    ['sequence:\n  - id: a\n    charge:\n      |', ['sequence', 0, 'charge']],
    ['sequence:\n  - {id: a, charge: {current: 1 A, |', ['sequence', 0, 'charge']],
    ['sequence:\n  - repeat: 3\n    do:\n      - |', ['sequence', 0, 'do', 0]],
    ['sequence:\n  - repeat: 3\n    do:\n      - id: x\n        until:\n          - {name: a, |', ['sequence', 0, 'do', 0, 'until', 0]],
    ['sequence:\n  - id: a\n# note\n\nrules:\n  - |', ['rules', 0]],
    ['sequence:\n  - id: a\n|', []],
  ])('%j stands at %j', (marked, path) => {
    const { text, at } = cursor(marked)
    expect(placeAt(text, at).path).toEqual(path)
  })
  it('knows that a value is typed', () => {
    const { text, at } = cursor('rules:\n  - mode: si|')
    expect(placeAt(text, at)).toMatchObject({ valueOf: 'mode', word: 'si', path: ['rules', 0] })
  })
})

describe('completion', () => {
  it('offers the top-level keys', () => expect(suggest('|')).toEqual(['version', 'sequence', 'rules']))
  it('offers the verbs of a step from all branches', () => expect(suggest('sequence:\n  - |')).toEqual(['id', 'charge', 'until', 'repeat', 'do']))
  it('leaves out keys that stand there already', () => expect(suggest('sequence:\n  - id: a\n    |')).not.toContain('id'))
  it('offers keys inside brackets', () => expect(suggest('sequence:\n  - charge: {current: 1 A, v|')).toEqual(['voltage']))
  it('offers the values of an enumeration', () => expect(suggest('rules:\n  - mode: |')).toEqual(['single', 'restart']))
  it('offers points where any expression may stand', () => expect(suggest('sequence:\n  - until:\n      - when: P|')).toContain('PSU_01.u_out'))
  it('follows references without end only so far', () => expect(keysAt({ $ref: '#' }, [])).toEqual([]))
  it('tells constants as values', () => expect(valuesAt(schema, ['version'])).toEqual(['1']))
})

describe('findings', () => {
  const doc = Text.of(['version: 1', '  charg: 2'])
  const finding = { code: 'X', message: 'm', severity: 'error' as const }
  it('marks the word at line and column', () => expect(spanOf(doc, { ...finding, line: 2, column: 3 })).toEqual({ from: 13, to: 18 }))
  it('stays inside the text when the line is gone', () => expect(spanOf(doc, { ...finding, line: 99, column: 99 }).to).toBeLessThanOrEqual(doc.length))
  it('sees a duplicate key at once', () => expect(syntaxDiagnostics('a: 1\na: 2\n')).toHaveLength(1))
  it('finds nothing in a sound text', () => expect(syntaxDiagnostics('a: 1\nb: [1, 2]\n')).toEqual([]))
})

describe('drafts', () => {
  it('come back with their revision and can be dropped', () => {
    writeDraft('1', 'a', { text: 'x', revision: 'r1' })
    expect(readDraft('1', 'a')).toEqual({ text: 'x', revision: 'r1' })
    expect(readDraft('2', 'a')).toBeNull()
    writeDraft('1', 'a', null)
    expect(readDraft('1', 'a')).toBeNull()
  })
  it('survive rubbish in the store', () => {
    localStorage.setItem('ionpy.draft.1.a', '{')
    expect(readDraft('1', 'a')).toBeNull()
  })
})

describe('differingLines', () => {
  it('marks one changed line on each side only', () => {
    const { left, right } = differingLines('a\nb\nc', 'a\nB\nc')
    expect(left.filter((line) => line.differs).map((line) => line.text)).toEqual(['b'])
    expect(right.filter((line) => line.differs).map((line) => line.text)).toEqual(['B'])
  })
  it('marks an inserted line without shifting the rest', () => {
    const { left, right } = differingLines('a\nc', 'a\nb\nc')
    expect(left.some((line) => line.differs)).toBe(false)
    expect(right.map((line) => line.differs)).toEqual([false, true, false])
  })
})

describe('start form', () => {
  const cycles = { name: 'cycles', default: 3, min: 1, max: 100, unit: null }
  it.each([
    ['3', 3, true],
    ['0', 0, false],
    ['101', 101, false],
    ['abc', 'abc', false],
    ['', '', false],
  ])('reads %j as %j', (text, value, ok) => expect(readParameter(cycles, text)).toEqual({ value, ok }))
  it('lets a parameter with a text default be text', () => {
    expect(readParameter({ name: 'rate', default: '0.5 C', min: null, max: null, unit: null }, '1 C')).toEqual({ value: '1 C', ok: true })
  })
  it('reads conditions line by line', () => {
    expect(parseConditions('cell: 25R-08\n\njust a note')).toEqual({ cell: '25R-08', note: 'just a note' })
  })
})

describe('what a run is bound to', () => {
  it('binds only what was filled in', () => {
    expect(boundTo('CH1', { cell_id: ' 25R-08 ', batch: '', mass: '1.2 g' })).toEqual({ channel: 'CH1', cell_id: '25R-08', mass: '1.2 g' })
    expect(boundTo('', {})).toEqual({})
  })
  it('keeps the operator with the conditions; what is written wins', () => {
    expect(conditionsOf('chamber: K2', 'Ada')).toEqual({ operator: 'Ada', chamber: 'K2' })
    expect(conditionsOf('operator: Bob', 'Ada')).toEqual({ operator: 'Bob' })
  })
})
