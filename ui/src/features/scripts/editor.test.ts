/** What the script editor knows by itself: the stubs of the API, names in strings, and what is worth a look before saving. */
import { CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import { python } from '@codemirror/lang-python'
import { EditorState } from '@codemirror/state'
import { describe, expect, it } from 'vitest'
import { namesInString, scriptCompletion, type ScriptNames } from './completion'
import { openCall, readStubs, signatureOf } from './stubs'
import { freshName, textOf } from './templates'
import { isNative, isQuiet } from './useScript'

const STUBS = `
async def read(point: str) -> float | int | bool | str | None:
    """The present value of \`\`device.entity\`\`; None while it is unknown."""

async def write(point: str, value: float | bool | str) -> dict[str, Any]:
    """Write through the gate.

    Raises:
        ValueError: Out of range.
    """

async def alarm(
    text: str,
    key: str = "script",
    severity: Literal["info", "warning", "critical"] = "warning",
) -> dict[str, Any]:
    """Raise an alarm."""
`
const functions = readStubs(STUBS)
const names: ScriptNames = {
  functions: () => functions,
  points: () => [{ label: 'PSU_01.v_out', detail: 'Voltage V' }, { label: 'PSU_01.v_set', detail: 'Set-point V', writable: true }],
  devices: () => [{ label: 'PSU_01', detail: 'supply' }],
  sequences: () => [{ label: 'capacity-check', detail: '' }],
}

describe('stubs', () => {
  it('are read with their parameters and what they say', () => {
    expect(functions.map(({ name }) => name)).toEqual(['read', 'write', 'alarm'])
    expect(functions[2]?.parameters).toEqual(['text: str', 'key: str = "script"', 'severity: Literal["info", "warning", "critical"] = "warning"'])
    expect(functions.slice(0, 2).map(signatureOf)).toEqual(['read(point: str) → float | int | bool | str | None', 'write(point: str, value: float | bool | str) → dict[str, Any]'])
    expect(functions[1]?.text).toBe('Write through the gate.\n\nRaises:\n    ValueError: Out of range.')
  })
  it.each([
    ['await write("A.b", ', { name: 'write', place: 1 }],
    ['await write("a, b(c", ', { name: 'write', place: 1 }],
    ['await alarm(f(1, 2), [3, 4], ', { name: 'alarm', place: 2 }],
    ['await alarm("x")', null],
    ['# write(\nx = 1', null],
    ['print(str(', { name: 'str', place: 0 }],
  ])('%s leaves a call open', (text, call) => expect(openCall(text)).toEqual(call))
})

describe('names in strings', () => {
  it.each([
    ['await read("PSU', 'PSU', ['PSU_01.v_out', 'PSU_01.v_set']],
    ['await write("', '', ['PSU_01.v_set']],
    ['await wait_for("PSU_01.v_out > 3 and PSU', 'PSU', ['PSU_01.v_out', 'PSU_01.v_set']],
    ['await marker("x", device="P', 'P', ['PSU_01']],
    ['await run("cap', 'cap', ['capacity-check']],
  ])('%s', (line, typed, labels) => {
    const found = namesInString(line, names)
    expect([found?.typed, found?.options.map((one) => one.label)]).toEqual([typed, labels])
  })
  it('are none where a text belongs', () => expect(['await log("', 'x = "PSU', 'await read("A.b"), "'].map((line) => namesInString(line, names))).toEqual([null, null, null]))
})

describe('completion', () => {
  const complete = (doc: string) => scriptCompletion(names)(new CompletionContext(EditorState.create({ doc, extensions: [python()] }), doc.length, false)) as CompletionResult | null
  it('offers the API with what it needs', () => {
    expect(complete('x = re')?.options.find((one) => one.label === 'read')).toMatchObject({ type: 'function', detail: '(point)' })
    expect(complete('await wr')?.options.map((one) => one.label)).not.toContain('while')
  })
  it('keeps quiet in comments, plain texts and behind a dot', () => expect([complete('# re'), complete('x = "re'), complete('curve.re')]).toEqual([null, null, null]))
})

describe('a save', () => {
  it.each([
    ['x = 1\n', 'x = 1\n\n# note\n', true],
    ['x = 1  \n', 'x = 1\n', true],
    ['x = 1\n', 'x = 2\n', false],
    ['if x:\n    y()\n', 'if x:\n        y()\n', false],
    ['t = """\na\n"""\n', 't = """\n\na\n"""\n', false],
    ['x = 1\n', '# ionpy: native\nx = 1\n', false],
  ])('of %j as %j can surprise nobody: %s', (before, after, quiet) => expect(isQuiet(before, after)).toBe(quiet))
  it('knows real Python by its line among the first five', () => expect([isNative('# x\n#  ionpy: native \n'), isNative('\n\n\n\n\n# ionpy: native\n'), isNative('x = "# ionpy: native"\n')]).toEqual([true, false, false]))
})

describe('templates', () => {
  it('name points of the bench', () => {
    expect(textOf('log', names.points())).toContain('read("PSU_01.v_out")')
    expect(textOf('step', names.points())).toContain('device="PSU_01"')
    expect(textOf('step', [])).toContain('PSU_01.v_set')
  })
  it('get a name of their own', () => expect(freshName('log', ['log', 'log-2'])).toBe('log-3'))
})
