/** What the schema of flows asks for at a place: the kind of control, its unit, choices and help. */

export type Schema = Record<string, unknown>
export type Kind =
  | 'text' | 'template' | 'quantity' | 'number' | 'expression' | 'point' | 'device' | 'step' | 'steps' | 'cell' | 'channel' | 'script' | 'flow'
  | 'choice' | 'switch' | 'list' | 'pairs' | 'group' | 'nodes' | 'ends' | 'limits' | 'measures' | 'parameters'

export interface Spec {
  key: string
  kind: Kind
  unit: string
  choices: readonly string[]
  min: number | null
  max: number | null
  help: string
  /** What holds when nothing is written; empty when that is nothing one could write. */
  fallback: string
  example: string
  required: boolean
  /** Fields of a map. */
  fields: readonly Spec[]
  /** A map that may stand in place of a single value (`current: {from: …, to: …}`). */
  wide: Spec | null
  writable: boolean
  /** An expression that is true or false. */
  condition: boolean
}

export const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value)
const NODES = new Set(['#/$defs/step', '#/$defs/action', '#/$defs/trigger', '#/$defs/check'])
const KEPT: Record<string, Kind> = { '#/$defs/end': 'ends', '#/$defs/limit': 'limits', '#/$defs/measure': 'measures', '#/$defs/parameter': 'parameters' }

export function resolve(root: Schema, schema: unknown): Schema {
  const reference = isSchema(schema) ? schema.$ref : undefined
  if (typeof reference !== 'string') return isSchema(schema) ? schema : {}
  const found = reference.replace(/^#\//, '').split('/').reduce<unknown>((at, part) => (isSchema(at) ? at[part] : undefined), root)
  return isSchema(found) ? resolve(root, found) : {}
}

/** All forms a value may have, without null; keys beside `anyOf` hold for each. */
export function branches(root: Schema, schema: unknown): Schema[] {
  const node = resolve(root, schema)
  const options = [node.anyOf, node.oneOf].find(Array.isArray) as unknown[] | undefined
  if (!options) return node.type === 'null' ? [] : [node]
  return options.flatMap((option) => branches(root, option))
}

const refsIn = (schema: unknown): string[] => {
  if (Array.isArray(schema)) return schema.flatMap(refsIn)
  if (!isSchema(schema)) return []
  return typeof schema.$ref === 'string' ? [schema.$ref] : [schema.anyOf, schema.items, schema.additionalProperties].flatMap(refsIn)
}

const firstOf = (list: readonly Schema[], key: string): unknown => list.find((one) => one[key] !== undefined)?.[key]
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)
const textOf = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '')

const MARKS: readonly [string, Kind][] = [['x-point', 'point'], ['x-device', 'device'], ['x-step', 'step'], ['x-cell', 'cell'], ['x-channel', 'channel'], ['x-script', 'script'], ['x-flow', 'flow'], ['x-expression', 'expression'], ['x-template', 'template']]
const PLAIN: Record<string, Kind> = { boolean: 'switch', integer: 'number', number: 'number', array: 'list' }

function kindOf(forms: readonly Schema[]): Kind {
  const mark = MARKS.find(([name]) => forms.some((form) => form[name] !== undefined))
  if (mark) return mark[1]
  if (forms.some((form) => typeof form['x-unit'] === 'string')) return firstOf(forms, 'x-unit') ? 'quantity' : 'number'
  if (forms.length && forms.every((form) => Array.isArray(form.enum) || 'const' in form)) return 'choice'
  const plain = forms.map((form) => PLAIN[String(form.type)]).find((kind) => kind !== undefined)
  return plain ?? 'text'
}

/** Kinds that are known by what they refer to. */
function referredKind(root: Schema, schema: unknown): Kind | null {
  const refs = refsIn(schema)
  if (refs.some((ref) => NODES.has(ref))) return 'nodes'
  const found = refs.map((ref) => KEPT[ref]).find((kind) => kind !== undefined)
  return found ?? (refs.length ? null : refsIn(resolve(root, schema).items).length ? 'nodes' : null)
}

export function fieldsOf(root: Schema, form: Schema): Spec[] {
  const required = Array.isArray(form.required) ? form.required : []
  return Object.entries(isSchema(form.properties) ? form.properties : {}).map(([key, schema]) => specOf(root, key, schema, required.includes(key)))
}

const choicesOf = (forms: readonly Schema[]): string[] => forms.flatMap((form) => (Array.isArray(form.enum) ? form.enum.map(String) : 'const' in form ? [String(form.const)] : []))
const exampleOf = (forms: readonly Schema[]): string => {
  const examples = firstOf(forms, 'examples')
  return Array.isArray(examples) ? textOf(examples[0]) : ''
}

export function specOf(root: Schema, key: string, schema: unknown, required = false): Spec {
  const forms = branches(root, schema)
  const own = { ...resolve(root, schema), ...(isSchema(schema) ? schema : {}) }
  const maps = forms.filter((form) => form.type === 'object')
  const single = forms.filter((form) => form.type !== 'object')
  const group = maps.find((form) => isSchema(form.properties))
  const base: Spec = {
    key, required, kind: kindOf(single), unit: textOf(firstOf(forms, 'x-unit')), fields: [], wide: null, choices: choicesOf(single),
    min: numberOf(firstOf(forms, 'minimum')), max: numberOf(firstOf(forms, 'maximum')),
    help: textOf(own.description) || textOf(firstOf(single, 'description')), fallback: textOf(own.default), example: exampleOf(forms),
    writable: forms.some((form) => form['x-point'] === 'writable'),
    condition: forms.some((form) => form['x-expression'] === 'bool'),
  }
  const referred = referredKind(root, schema)
  if (referred) return { ...base, kind: referred }
  const fields = group ? fieldsOf(root, group) : []
  if (!single.length && maps.length) return { ...base, kind: group ? 'group' : 'pairs', fields }
  return { ...base, wide: group ? { ...base, kind: 'group', fields } : null }
}
