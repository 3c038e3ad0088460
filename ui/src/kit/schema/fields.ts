/** What a JSON Schema asks for, as fields of a form: kinds, units, ranges, help, and what is wrong with a value. */
import { formatNumber } from '../format'
import { without } from '../without'
import { ts } from './messages'

export type FieldKind = 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'group' | 'json'
export type Values = Record<string, unknown>
type Node = Record<string, unknown>

export interface Field {
  key: string
  kind: FieldKind
  title: string
  unit: string
  help: string
  required: boolean
  nullable: boolean
  initial: unknown
  min: number | null
  max: number | null
  /** The bounds themselves are not allowed. */
  above: boolean
  below: boolean
  longest: number | null
  /** Text of several lines. */
  long: boolean
  choices: { value: unknown; label: string }[]
  fields: Field[]
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `timeout_s` is a time in seconds, and people read the unit beside the field. */
const UNITS: Record<string, string> = {
  s: 's', ms: 'ms', v: 'V', mv: 'mV', a: 'A', ma: 'mA', w: 'W', ohm: 'Ω', mohm: 'mΩ', c: '°C', ah: 'Ah', wh: 'Wh', hz: 'Hz', pct: '%', percent: '%', bytes: 'B',
}
const SHORT = new Set(['id', 'ip', 'url', 'tcp', 'soc', 'cc', 'cv', 'ovp', 'ocp', 'usb', 'tls'])

function nameOf(key: string, title: unknown): { title: string; unit: string } {
  const words = key.split('_')
  const unit = words.length > 1 ? (UNITS[words.at(-1) ?? ''] ?? '') : ''
  if (unit) words.pop()
  const generated = typeof title === 'string' && title.toLowerCase().replace(/\s+/g, '_') === key.toLowerCase()
  if (typeof title === 'string' && title && !generated) return { title, unit }
  const text = words.map((word) => (SHORT.has(word.toLowerCase()) ? word.toUpperCase() : word)).join(' ')
  return { title: text.charAt(0).toUpperCase() + text.slice(1), unit }
}

/** Follows `$ref` within the document and takes the one branch of `anyOf` that is not null. */
function plain(root: Node, schema: unknown, depth = 0): { node: Node; nullable: boolean } {
  if (!isNode(schema) || depth > 8) return { node: {}, nullable: false }
  if (typeof schema.$ref === 'string') {
    const found = schema.$ref.replace(/^#\//, '').split('/').reduce<unknown>((at, part) => (isNode(at) ? at[part] : undefined), root)
    const inner = plain(root, found, depth + 1)
    return { node: { ...inner.node, ...without(schema, '$ref') }, nullable: inner.nullable }
  }
  const options = [schema.anyOf, schema.oneOf, schema.allOf].find(Array.isArray)
  if (!options) return { node: schema, nullable: false }
  const real = options.filter((option) => !(isNode(option) && option.type === 'null'))
  if (real.length !== 1) return { node: schema, nullable: real.length < options.length }
  const inner = plain(root, real[0], depth + 1)
  return { node: { ...inner.node, ...schema, anyOf: undefined, oneOf: undefined, allOf: undefined }, nullable: real.length < options.length || inner.nullable }
}

function kindOf(node: Node): FieldKind {
  if (Array.isArray(node.enum) || 'const' in node) return 'choice'
  if (node.type === 'string') return 'text'
  if (node.type === 'number' || node.type === 'integer' || node.type === 'boolean') return node.type
  return isNode(node.properties) ? 'group' : 'json'
}

const numberOr = (value: unknown): number | null => (typeof value === 'number' ? value : null)

/** `oneOf` of constants with titles: choices that people read in their language. */
function namedChoices(schema: unknown): Field['choices'] | null {
  const options = isNode(schema) && Array.isArray(schema.oneOf) ? schema.oneOf : []
  if (!options.length || !options.every((option) => isNode(option) && 'const' in option)) return null
  return (options as Node[]).map((option) => ({ value: option.const, label: String(option.title ?? option.const) }))
}

function fieldOf(root: Node, key: string, schema: unknown, required: boolean): Field {
  const { node, nullable } = plain(root, schema)
  const named = namedChoices(schema)
  const kind = named ? 'choice' : kindOf(node)
  const listed = Array.isArray(node.enum) ? node.enum : 'const' in node ? [node.const] : []
  const { title, unit } = nameOf(key, kind === 'group' ? undefined : node.title)
  return {
    key, kind, title, required, nullable,
    unit: typeof node.unit === 'string' ? node.unit : unit,
    help: typeof node.description === 'string' ? (node.description.split('\n\n')[0] ?? '').replaceAll('\n', ' ') : '',
    initial: node.default,
    min: numberOr(node.minimum) ?? numberOr(node.exclusiveMinimum),
    max: numberOr(node.maximum) ?? numberOr(node.exclusiveMaximum),
    above: typeof node.exclusiveMinimum === 'number',
    below: typeof node.exclusiveMaximum === 'number',
    longest: numberOr(node.maxLength),
    long: node.format === 'multiline',
    choices: named ?? listed.map((value) => ({ value, label: String(value) })),
    fields: kind === 'group' ? properties(root, node) : [],
  }
}

function properties(root: Node, node: Node): Field[] {
  const required = Array.isArray(node.required) ? node.required : []
  return Object.entries(isNode(node.properties) ? node.properties : {}).map(([key, schema]) => fieldOf(root, key, schema, required.includes(key)))
}

/** The fields of an object schema, in the schema's order. */
export function fieldsOf(schema: Node): Field[] {
  return properties(schema, plain(schema, schema).node)
}

/** A schema for values nobody described: the kind of each is that of its default. */
export function schemaFor(defaults: Values): Node {
  const kind = (value: unknown) => (Number.isInteger(value) ? 'integer' : typeof value === 'number' || typeof value === 'boolean' ? typeof value : isNode(value) ? undefined : 'string')
  return { type: 'object', properties: Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, { type: kind(value), default: value }])) }
}

/** What stands in a field: the person's value, else the default. */
export function shownValue(field: Field, values: Values): unknown {
  const own = values[field.key]
  return own === undefined ? (field.initial ?? (field.kind === 'boolean' ? false : undefined)) : own
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** The values with one changed; what equals its default is left out. */
export function withValue(field: Field, values: Values, value: unknown): Values {
  const rest = without(values, field.key)
  const empty = value === undefined || (value === '' && field.kind !== 'text') || (isNode(value) && !Object.keys(value).length)
  return empty || same(value, field.initial) ? rest : { ...rest, [field.key]: value }
}

function rangeText(field: Field): string {
  const low = field.min === null ? '' : formatNumber(field.min, digits(field.min))
  const high = field.max === null ? '' : formatNumber(field.max, digits(field.max))
  const unit = field.unit ? ` ${field.unit}` : ''
  if (low && high) return ts('range', { low, high }) + unit
  if (low) return ts(field.above ? 'moreThan' : 'atLeast', { low }) + unit
  return high ? ts(field.below ? 'lessThan' : 'atMost', { high }) + unit : ''
}
const digits = (value: number) => Math.min(6, String(value).split('.')[1]?.length ?? 0)

/** Help of a field: what it means and what it may hold. */
export function helpText(field: Field): string {
  return [field.help, field.kind === 'number' || field.kind === 'integer' ? rangeText(field) : ''].filter(Boolean).join(' · ')
}

function numberProblem(field: Field, value: unknown): string {
  if (typeof value !== 'number') return ts('notNumber')
  if (field.kind === 'integer' && !Number.isInteger(value)) return ts('notWhole')
  const low = field.min !== null && (field.above ? value <= field.min : value < field.min)
  const high = field.max !== null && (field.below ? value >= field.max : value > field.max)
  return low || high ? rangeText(field) : ''
}

/** What is wrong with a field's value; empty when nothing is. */
export function problemOf(field: Field, values: Values): string {
  const value = shownValue(field, values)
  if (value === undefined || value === null || value === '') return field.required && !field.nullable ? ts('missing') : ''
  return JUDGES[field.kind]?.(field, value) ?? ''
}

const JUDGES: Partial<Record<FieldKind, (field: Field, value: unknown) => string>> = {
  number: numberProblem,
  integer: numberProblem,
  text: (field, value) => (field.longest !== null && String(value).length > field.longest ? ts('tooLong', { n: field.longest }) : ''),
  json: (_field, value) => (typeof value === 'string' ? ts('notJson') : ''),
  group: (field, value) => firstProblem(field.fields, isNode(value) ? value : {}),
}

/** The first thing wrong in a form, with the field's name. */
export function firstProblem(fields: Field[], values: Values): string {
  for (const field of fields) {
    const problem = problemOf(field, values)
    if (problem) return `${field.title}: ${problem}`
  }
  return ''
}
