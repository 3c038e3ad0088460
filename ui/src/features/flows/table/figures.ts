/** The key figures of a step and where each stands in the text: what its cells show and change. */
import { isMap, textOf, type FlowNode, type Path, type Plain, type PlainMap } from '../model/graph'
import { meant, quantity, type Dimension } from '../quick/quantities'
import { boundOf, endText } from '../sentences/expressions'

export type Column = 'mode' | 'current' | 'level' | 'duration'
export interface Figure {
  text: string
  /** Where it is shown with more than is changed. */
  shown?: string
  /** Null: shown, not changed here. */
  path: Path | null
  /** What a bare number means. */
  dimension: Dimension
  /** The rest of an expression around the number. */
  around?: (text: string) => string
}
export type Figures = Partial<Record<Column, Figure>>

const fixed = (text: string): Figure => ({ text, path: null, dimension: 'none' })

function modeOf(own: PlainMap): string {
  if (own.power) return 'CP'
  if (own.resistance) return 'CR'
  if (own.current && own.voltage) return 'CC-CV'
  return own.current ? 'CC' : own.voltage ? 'CV' : ''
}

/** A number under one of these keys. */
function under(node: FlowNode, own: PlainMap, keys: Partial<Record<string, Dimension>>): Figure | undefined {
  const key = Object.keys(keys).find((name) => typeof own[name] === 'string')
  return key ? { text: textOf(own[key]), path: [...node.path, node.verb, key], dimension: keys[key] ?? 'none' } : undefined
}

/** The time one of its ends gives a step. */
function bound(node: FlowNode): Figure | undefined {
  for (const end of node.ends) {
    const text = boundOf(end.value)
    if (!text) continue
    const [path, written] = conditionAt(end)
    return { text, path, dimension: 'time', around: (next) => written.replace(text, next) }
  }
  return undefined
}

function conditionAt(end: FlowNode): [Path, string] {
  if (!isMap(end.value)) return [end.path, textOf(end.value)]
  const entries = Object.entries(end.value)
  const key = ['when', 'expr'].find((name) => textOf((end.value as PlainMap)[name])) ?? entries[0]?.[0] ?? ''
  return [[...end.path, key], textOf(end.value[key])]
}

/** `rest: 30 min` and `rest: {duration: 30 min}` both. */
function shortOr(node: FlowNode, all: PlainMap, own: PlainMap, key: string, dimension: Dimension): Figure | undefined {
  const short = all[node.verb]
  if (typeof short === 'string') return { text: short, path: [...node.path, node.verb], dimension }
  return under(node, own, { [key]: dimension })
}

const beside = (node: FlowNode, all: PlainMap, key: string): Figure | undefined => (typeof all[key] === 'string' ? { text: textOf(all[key]), path: [...node.path, key], dimension: 'time' } : undefined)
const LEVEL = { power: 'power', resistance: 'resistance', voltage: 'voltage' } as const

type Make = (node: FlowNode, own: PlainMap, all: PlainMap) => Figures
const drive: Make = (node, own) => ({ mode: fixed(modeOf(own)), current: under(node, own, { current: 'current' }), level: under(node, own, LEVEL), duration: bound(node) })
const loop: Make = (node, own, all) => {
  const count = shortOr(node, all, own, 'count', 'none')
  return { mode: count && { ...count, shown: `${count.text} ×` } }
}
const BY_VERB: Record<string, Make> = {
  charge: drive, discharge: drive, repeat: loop, loop,
  precharge: (node, own) => ({ current: under(node, own, { current: 'current' }), level: under(node, own, { below: 'voltage' }), duration: under(node, own, { max: 'time' }) }),
  rest: (node, own, all) => ({ duration: shortOr(node, all, own, 'duration', 'time') }),
  wait: (node, own, all) => ({ duration: shortOr(node, all, own, 'duration', 'time') }),
  wait_for: (node, own, all) => ({ duration: beside(node, all, 'timeout') ?? under(node, own, { timeout: 'time' }) }),
  prompt: (node, _own, all) => ({ duration: beside(node, all, 'timeout') }),
  dcir: (node, own) => ({ mode: fixed('DCIR'), current: under(node, own, { current: 'current' }), duration: under(node, own, { for: 'time' }) }),
  pulse: (node, own) => ({ mode: fixed('Pulse'), current: under(node, own, { discharge: 'current', charge: 'current' }), level: under(node, own, { voltage: 'voltage' }), duration: under(node, own, { for: 'time' }) }),
  soak: (node, own) => ({ level: under(node, own, { temp: 'temp' }), duration: under(node, own, { for: 'time' }) }),
  ramp: (node, own) => ({ mode: fixed('Ramp'), duration: under(node, own, { over: 'time' }) }),
  profile: (node) => ({ duration: bound(node) }),
}

export function figuresOf(node: FlowNode): Figures {
  const all = isMap(node.value) ? node.value : {}
  const own = isMap(all[node.verb]) ? (all[node.verb] as PlainMap) : {}
  const made = node.kind === 'step' || node.kind === 'action' ? BY_VERB[node.verb]?.(node, own, all) : undefined
  return made ?? (node.ends.length ? { duration: bound(node) } : {})
}

/** A bare number keeps the unit that stands there, else it gets the usual one. */
function withUnit(figure: Figure, typed: string): string {
  const found = quantity(typed)
  const unit = /^[\d.]+\s*([^\d\s].*)$/.exec(figure.text)?.[1] ?? ''
  return found?.dimension === 'none' && figure.dimension !== 'none' && unit ? `${found.text} ${unit}` : meant(typed, figure.dimension)
}
/** C-rates are currents. */
const ALSO: Partial<Record<Dimension, Dimension>> = { current: 'rate' }

/** What is written into the text for what was typed; null when it is no number of this kind. */
export function written(figure: Figure, typed: string): string | null {
  const text = typed.trim()
  const isName = /^\$[a-z]\w*$/i.test(text)
  if (!isName && !quantity(text)) return null
  const next = isName ? text : withUnit(figure, text)
  const kind = quantity(next)?.dimension
  if (!isName && kind !== figure.dimension && kind !== ALSO[figure.dimension]) return null
  return figure.around?.(next) ?? next
}

/** Ends beside the longest time. */
export const endsOf = (node: FlowNode): string[] => node.ends.filter((end) => !boundOf(end.value)).map((end) => endText(end.value))

/** While which steps, runs or always a rule looks. */
export function scopeOf(rule: Plain, hasSequence: boolean): { scope: 'always' | 'run' | 'during'; steps: string } {
  const all = isMap(rule) ? rule : {}
  const during = Array.isArray(all.during) ? all.during.map((one) => textOf(one)).join(', ') : textOf(all.during)
  if (during) return { scope: 'during', steps: during }
  return { scope: (textOf(all.scope) || (hasSequence ? 'run' : 'always')) === 'run' ? 'run' : 'always', steps: '' }
}
