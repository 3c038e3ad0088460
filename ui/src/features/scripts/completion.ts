/** Completion, help under the pointer and signatures of scripts in CodeMirror: the script API, points and devices of the bench. */
import { autocompletion, insertBracket, startCompletion, type Completion, type CompletionContext, type CompletionResult, type CompletionSource } from '@codemirror/autocomplete'
import { localCompletionSource } from '@codemirror/lang-python'
import { syntaxTree } from '@codemirror/language'
import { StateField, type EditorState, type Extension } from '@codemirror/state'
import { hoverTooltip, showTooltip, type EditorView, type Tooltip } from '@codemirror/view'
import { openCall, signatureOf, type ApiFunction } from './stubs'

export interface BenchName {
  label: string
  detail: string
  writable?: boolean
}

export interface ScriptNames {
  functions: () => ApiFunction[]
  points: () => BenchName[]
  devices: () => BenchName[]
  sequences: () => BenchName[]
}

const POINT_FIRST = new Set(['read', 'read_number', 'sample', 'write', 'query', 'wait_for'])
const KEYWORDS = ['and', 'as', 'assert', 'async', 'await', 'break', 'continue', 'def', 'elif', 'else', 'except', 'False', 'finally', 'for', 'from', 'if', 'import', 'in', 'is', 'lambda', 'None', 'not', 'or', 'pass', 'raise', 'return', 'True', 'try', 'while', 'with']
const BUILTINS = ['abs', 'bool', 'dict', 'enumerate', 'float', 'int', 'isinstance', 'len', 'list', 'max', 'min', 'print', 'range', 'round', 'set', 'sorted', 'str', 'sum', 'tuple', 'zip', 'RuntimeError', 'ValueError']
const NAMED_STRING = /\b(device|sequence)\s*=\s*["']([\w-]*)$/
const FIRST_STRING = /\b(\w+)\(\s*(?:\w+\s*=\s*)?f?["']([^"'\n]*)$/
const IN_LIST = /\bsafe\s*=\s*\[[^\]]*["'](\w*)$/

/** Names that belong into the string at the end of a line, and how much of one is typed already. */
export function namesInString(line: string, names: ScriptNames): { typed: string; options: BenchName[] } | null {
  const listed = IN_LIST.exec(line)
  if (listed) return { typed: String(listed[1]), options: names.devices() }
  const [, argument, part] = NAMED_STRING.exec(line) ?? []
  if (argument) return { typed: String(part), options: argument === 'device' ? names.devices() : names.sequences() }
  const [, name, text] = FIRST_STRING.exec(line) ?? []
  if (!name || text === undefined) return null
  const typed = /[\w.-]*$/.exec(text)?.[0] ?? ''
  return optionsOf(name, typed, names)
}

function optionsOf(call: string, typed: string, names: ScriptNames): { typed: string; options: BenchName[] } | null {
  if (call === 'run') return { typed, options: names.sequences() }
  if (!POINT_FIRST.has(call)) return null
  return { typed, options: call === 'write' ? names.points().filter((one) => one.writable) : names.points() }
}

/** Puts the call in, the cursor between its quotes where a point belongs. */
function put(one: ApiFunction, hasAwait: boolean): Completion['apply'] {
  return (view: EditorView, _: Completion, from: number, to: number) => {
    const quoted = one.parameters[0]?.startsWith('point:') ?? false
    const insert = `${hasAwait ? '' : 'await '}${one.name}`
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent: 'input.complete' })
    // As if typed: who types the closing one as well passes over it.
    for (const bracket of quoted ? ['(', '"'] : ['(']) {
      const typed = insertBracket(view.state, bracket)
      if (typed) view.dispatch(typed)
    }
    if (quoted) startCompletion(view)
  }
}

function wordOptions(context: CompletionContext, names: ScriptNames): CompletionResult | null {
  const word = context.matchBefore(/\w*/)
  if (!word || (word.from === word.to && !context.explicit)) return null
  const before = context.state.sliceDoc(Math.max(0, word.from - 20), word.from)
  if (/[.\w]$/.test(before)) return null
  const hasAwait = /\bawait\s+$/.test(before)
  const calls = names.functions().map((one): Completion => ({ label: one.name, type: 'function', detail: `(${one.parameters.map((part) => part.split(':')[0]).join(', ')})`, info: `${signatureOf(one)}\n\n${one.text}`, boost: 10, apply: put(one, hasAwait) }))
  const plain = hasAwait ? [] : [{ label: 'params', type: 'variable', boost: 5 }, ...KEYWORDS.map((label) => ({ label, type: 'keyword' })), ...BUILTINS.map((label) => ({ label, type: 'constant', boost: -1 }))]
  return { from: word.from, options: [...calls, ...plain], validFor: /^\w*$/ }
}

export function scriptCompletion(names: ScriptNames): CompletionSource {
  return (context) => {
    const line = context.state.doc.lineAt(context.pos)
    const found = namesInString(line.text.slice(0, context.pos - line.from), names)
    if (found) return { from: context.pos - found.typed.length, options: found.options.map(({ label, detail }) => ({ label, detail, type: 'variable' })), validFor: /^[\w.-]*$/ }
    if (/String|Comment/.test(syntaxTree(context.state).resolveInner(context.pos, -1).name)) return null
    return wordOptions(context, names)
  }
}

function card(title: string, text: string): HTMLElement {
  const dom = document.createElement('div')
  dom.className = 'cm-help'
  const head = dom.appendChild(document.createElement('code'))
  head.textContent = title
  if (text) dom.appendChild(document.createElement('p')).textContent = text
  return dom
}

/** What a word means: a function of the API, or a point of the bench. */
function help(names: ScriptNames): Extension {
  return hoverTooltip((view, pos) => {
    const line = view.state.doc.lineAt(pos)
    const start = /[\w.]*$/.exec(line.text.slice(0, pos - line.from))?.[0].length ?? 0
    const end = /^[\w.]*/.exec(line.text.slice(pos - line.from))?.[0].length ?? 0
    const word = line.text.slice(pos - line.from - start, pos - line.from + end)
    const call = names.functions().find((one) => one.name === word)
    const point = names.points().find((one) => one.label === word)
    if (!call && !point) return null
    return { pos: pos - start, end: pos + end, create: () => ({ dom: call ? card(signatureOf(call), call.text) : card(word, point?.detail ?? '') }) }
  })
}

function signatureAt(state: EditorState, names: ScriptNames): Tooltip | null {
  const { main } = state.selection
  if (!main.empty) return null
  const call = openCall(state.sliceDoc(Math.max(0, main.head - 600), main.head))
  const one = call && names.functions().find(({ name }) => name === call.name)
  if (!call || !one) return null
  return {
    pos: main.head, above: true,
    create: () => {
      const dom = document.createElement('div')
      dom.className = 'cm-help cm-signature'
      const head = dom.appendChild(document.createElement('code'))
      head.append(`${one.name}(`)
      one.parameters.forEach((part, place) => {
        const piece = head.appendChild(document.createElement(place === call.place ? 'b' : 'span'))
        piece.textContent = part
        if (place < one.parameters.length - 1) head.append(', ')
      })
      head.append(')')
      return { dom }
    },
  }
}

/** The signature of the call that is being written stands above the cursor. */
const signature = (names: ScriptNames): Extension => StateField.define<Tooltip | null>({
  create: () => null,
  update: (before, change) => (change.docChanged ? signatureAt(change.state, names) : change.selection ? before && signatureAt(change.state, names) : before),
  provide: (field) => showTooltip.from(field),
})

export const scriptHelp = (names: ScriptNames): Extension[] => [autocompletion({ override: [scriptCompletion(names), localCompletionSource] }), help(names), signature(names)]
