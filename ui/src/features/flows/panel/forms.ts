/**
 * The form of a node: its fields, each with its place in the text, drawn from the schema of flows.
 *
 * Pure: the same node and schema give the same fields. A field is found again by its id when its turn comes to be
 * written, as the text may have moved on meanwhile.
 */
import { isMap, type NodeKind, type Path, type Plain, type PlainMap } from '../model/graph'
import { beside, child, direct, type Order, type Slot } from './slots'
import { branches, fieldsOf, isSchema, specOf, type Schema, type Spec } from './spec'

/** Where a field stands in the form: what the node does, what is common to its kind, what few people need. */
export type Part = 'does' | 'common' | 'more'

export interface Field {
  id: string
  spec: Spec
  slot: Slot
  part: Part
}

/** Something a form is drawn for: a node of the graph, or what is written like one. */
export interface Subject {
  kind: NodeKind | 'flow'
  path: Path
  value: Plain | undefined
  verb: string
}

export interface Form {
  help: string
  fields: readonly Field[]
}

const ALIAS: Record<string, string> = { loop: 'repeat' }
const DEFS: Partial<Record<NodeKind, string>> = { step: 'step', action: 'action', trigger: 'trigger', check: 'condition' }
/** Keys that have a place of their own in the head of the panel. */
const IN_HEAD = new Set(['enabled', 'version', 'x-layout', 'sequence', 'finally', 'rules'])
const RARE: Partial<Record<Subject['kind'], ReadonlySet<string>>> = {
  end: new Set(['for', 'samples', 'reset', 'hysteresis', 'unknown', 'verdict', 'goto', 'max', 'phase']),
  limit: new Set(['samples', 'reset', 'hysteresis', 'unknown']),
  trigger: new Set(['reset', 'hysteresis', 'unknown', 'edge', 'at_start', 'samples']),
  rule: new Set(['max', 'per', 'once', 'max_gap', 'on_gap', 'mode']),
  step: new Set(['verdict', 'measure', 'limits']),
  flow: new Set(['soc', 'cycle', 'record']),
}
/** A second way to write the same. */
const SAME: Partial<Record<Subject['kind'], Record<string, string>>> = { end: { expr: 'when' }, limit: { when: 'trip', expr: 'trip' } }
const STEP_ORDER: Order = ['id', 'name', 'enabled']
const END_ORDER: Order = ['name', 'phase', 'when', 'expr']
const RULE_ORDER: Order = ['id', 'title', 'enabled', 'scope', 'during', 'when', 'if', 'then', 'else']
const LIMIT_ORDER: Order = ['id', 'trip', 'when', 'expr']

const defs = (root: Schema): Schema => (isSchema(root.$defs) ? root.$defs : {})

/** The form of a verb that fits what is written best: `ramp` is a step and an action. */
export function formOfVerb(root: Schema, kind: NodeKind, verb: string, value: Plain | undefined): Schema | null {
  const list = defs(root)[DEFS[kind] ?? '']
  const forms = (isSchema(list) && Array.isArray(list.anyOf) ? list.anyOf : []).filter((form): form is Schema => isSchema(form) && form.title === (ALIAS[verb] ?? verb))
  const written = isMap(value) && isMap(value[verb]) ? Object.keys(value[verb]) : []
  const score = (form: Schema) => written.filter((key) => longOf(root, form, verb)[0].some((spec) => spec.key === key)).length
  return forms.reduce<Schema | null>((best, form) => (best === null || score(form) > score(best) ? form : best), null)
}

/** Parameters inside the map behind the verb, and the schema of what may stand there alone. */
function longOf(root: Schema, form: Schema, verb: string): [Spec[], unknown] {
  const value = isSchema(form.properties) ? (form.properties[ALIAS[verb] ?? verb] ?? form.properties[verb]) : undefined
  const forms = branches(root, value)
  const long = forms.find((one) => isSchema(one.properties))
  return [long ? fieldsOf(root, long) : [], value]
}

const besideOf = (form: Schema): readonly string[] => (Array.isArray(form['x-beside']) ? form['x-beside'].map(String) : [])

/** All verbs of a kind, in the order of the schema. */
export function verbsOf(root: Schema, kind: NodeKind): { verb: string; help: string }[] {
  const list = defs(root)[DEFS[kind] ?? '']
  const forms = (isSchema(list) && Array.isArray(list.anyOf) ? list.anyOf : []).filter((form): form is Schema => isSchema(form) && typeof form.title === 'string')
  return [...new Map(forms.map((form) => [String(form.title), { verb: String(form.title), help: String(form.description ?? '') }])).values()]
}

/** What stands behind the verb, with the node around it when the node is a bare word. */
function verbSlot(node: Slot, verb: string): Slot {
  if (!isMap(node.value)) return { path: [...node.path, verb], value: null, write: (next) => (next === undefined || next === null ? [] : node.write({ [verb]: next })) }
  const inner = direct([...node.path, verb], node.value[verb])
  return { ...inner, write: (next) => inner.write(next === undefined ? null : next) }
}

/** Where a parameter of a verb stands: inside its map, beside it, or as its short form. */
function parameterSlot(node: Slot, verb: string, key: string, short: string, aside: boolean): Slot {
  const own = verbSlot(node, verb)
  const map = isMap(node.value) ? node.value : {}
  if (aside && key !== verb && key in map) return child(node, key)
  if (isMap(own.value)) return child(own, key)
  if (key === short) return { ...own, value: own.value ?? undefined }
  return aside ? asideSlot(node, verb, key) : openedSlot(own, key, short)
}
const asideSlot = (node: Slot, verb: string, key: string): Slot => (isMap(node.value) ? child(node, key) : beside(node, key, { [verb]: null }))
const openedSlot = (own: Slot, key: string, short: string): Slot => (own.value !== null && own.value !== undefined && short ? beside(own, key, { [short]: own.value }) : child({ ...own, value: undefined }, key))

function verbFields(root: Schema, form: Schema, subject: Subject, node: Slot): Field[] {
  const { verb, kind } = subject
  const [long, alone] = longOf(root, form, verb)
  if (form['x-free']) return [{ id: `${verb}.`, spec: { ...specOf(root, verb, alone), kind: 'pairs', required: true }, slot: verbSlot(node, verb), part: 'does' }]
  const short = String(form['x-short'] ?? '')
  const aside = kind === 'trigger' ? long.map((spec) => spec.key) : besideOf(form)
  return long.map((spec): Field => {
    const slot = parameterSlot(node, verb, spec.key, short, aside.includes(spec.key))
    const rare = RARE[kind]?.has(spec.key) && kind !== 'step' && slot.value === undefined
    return { id: `${verb}.${spec.key}`, spec, slot, part: rare ? 'more' : 'does' }
  })
}

function commonFields(root: Schema, form: Schema, subject: Subject, node: Slot, order: Order): Field[] {
  const taken = new Set([subject.verb, ALIAS[subject.verb] ?? '', ...besideOf(form)])
  const trigger = subject.kind === 'trigger' ? new Set(longOf(root, form, subject.verb)[0].map((spec) => spec.key)) : taken
  return fieldsOf(root, form)
    .filter((spec) => !taken.has(spec.key) && !trigger.has(spec.key) && !IN_HEAD.has(spec.key))
    .map((spec): Field => {
      const slot = isMap(node.value) ? child(node, spec.key, order) : beside(node, spec.key, { [subject.verb]: null })
      return { id: spec.key, spec, slot, part: RARE[subject.kind]?.has(spec.key) && slot.value === undefined ? 'more' : 'common' }
    })
}

/** A text alone, or a map: ends, limits, conditions. `main` is what the text alone means. */
function written(root: Schema, subject: Subject, node: Slot, main: string, order: Order): Field[] {
  const long = branches(root, { $ref: `#/$defs/${subject.kind}` }).find((form) => isSchema(form.properties))
  const map = isMap(node.value) ? node.value : null
  const named = subject.kind === 'end' && map && Object.keys(map).length === 1 && !('when' in map || 'expr' in map) ? Object.entries(map)[0] : null
  const same = SAME[subject.kind] ?? {}
  const shortForm: PlainMap = named ? { name: named[0], [main]: named[1] } : { [main]: node.value ?? null }
  const slotOf = (key: string): Slot => {
    const actual = map && !named ? (Object.entries(same).find(([other, meant]) => meant === key && other in map)?.[0] ?? key) : key
    if (map && !named) return child(node, actual, order)
    if (key === main) return named ? child(node, named[0]) : node
    if (named && key === 'name') return { path: node.path, value: named[0], write: (next) => node.write(next === undefined ? named[1] : { [String(next)]: named[1] }) }
    return beside(node, key, shortForm)
  }
  return (long ? fieldsOf(root, long) : [])
    .filter((spec) => !(spec.key in same))
    .sort((a, b) => rank(a.key, main) - rank(b.key, main))
    .map((spec): Field => {
      const slot = slotOf(spec.key)
      const shown = spec.key === 'goto' ? { ...spec, kind: 'step' as const } : spec
      return { id: spec.key, spec: { ...shown, required: spec.key === main }, slot, part: spec.key !== main && RARE[subject.kind]?.has(spec.key) && slot.value === undefined ? 'more' : 'does' }
    })
}
const FIRST = ['name', 'id', 'for', 'samples', 'phase', 'verdict', 'goto', 'max']
const rank = (key: string, main: string): number => (key === main ? -1 : FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length)

function mapFields(root: Schema, subject: Subject, node: Slot, form: Schema, order: Order): Field[] {
  return fieldsOf(root, form).filter((spec) => !IN_HEAD.has(spec.key) && !(subject.kind === 'flow' && spec.key === 'limits')).map((spec): Field => {
    const slot = child(node, spec.key, order, subject.kind === 'flow' && isMap(node.value) ? Object.keys(node.value).length : undefined)
    const shown = spec.key === 'during' ? { ...spec, kind: 'steps' as const } : spec
    const part: Part = RARE[subject.kind]?.has(spec.key) && slot.value === undefined ? 'more' : shown.kind === 'nodes' ? 'does' : 'common'
    return { id: spec.key, spec: shown, slot, part }
  })
}

/** An expression alone: a condition, or a trigger that is one. */
function aloneFields(node: Slot, subject: Subject, root: Schema): Field[] {
  const spec: Spec = { ...specOf(root, 'expr', { type: 'string', 'x-expression': 'bool' }), required: true }
  const alone: Field = { id: 'expr.expr', spec, slot: node, part: 'does' }
  if (subject.kind !== 'trigger') return [alone]
  const form = formOfVerb(root, 'trigger', 'expr', undefined)
  const [long] = form ? longOf(root, form, 'expr') : [[]]
  const rest = long.filter((one) => one.key !== 'expr').map((one): Field => ({ id: `expr.${one.key}`, spec: one, slot: beside(node, one.key, { expr: node.value ?? null }), part: one.key === 'for' ? 'does' : 'more' }))
  return [alone, ...rest]
}

export function formOf(root: Schema, subject: Subject, head?: PlainMap): Form {
  const node: Slot = subject.kind === 'flow' ? { path: [], value: head ?? {}, write: () => [] } : direct(subject.path, subject.value)
  const help = (form: Schema | null) => String(form?.description ?? '')
  if (subject.kind === 'flow') return { help: '', fields: mapFields(root, subject, node, root, Object.keys(isSchema(root.properties) ? root.properties : {})) }
  if (subject.kind === 'rule') return { help: '', fields: mapFields(root, subject, node, (defs(root).rule ?? {}) as Schema, RULE_ORDER) }
  if (subject.kind === 'end') return { help: '', fields: written(root, subject, node, 'when', END_ORDER) }
  if (subject.kind === 'limit') return { help: '', fields: written(root, subject, node, 'trip', LIMIT_ORDER) }
  const form = formOfVerb(root, subject.kind, subject.verb, subject.value)
  if (!form) return { help: '', fields: typeof subject.value === 'string' ? aloneFields(node, subject, root) : [] }
  const fields = [...verbFields(root, form, subject, node), ...commonFields(root, form, subject, node, STEP_ORDER)]
  return { help: help(form), fields: fields.filter((field) => !(field.spec.kind === 'nodes' && subject.kind !== 'check')) }
}

/** Fields of a map inside a field. */
export const innerFields = (field: Field): Field[] => (field.spec.wide ?? field.spec).fields.map((spec) => ({ id: `${field.id}.${spec.key}`, spec, slot: child(field.slot, spec.key), part: field.part }))

/** A field by its id, also one inside another. */
export function findField(fields: readonly Field[], id: string): Field | null {
  for (const field of fields) {
    if (field.id === id) return field
    if (id.startsWith(`${field.id}.`) && (field.spec.kind === 'group' || field.spec.wide)) {
      const inner = findField(innerFields(field), id)
      if (inner) return inner
    }
  }
  return null
}
