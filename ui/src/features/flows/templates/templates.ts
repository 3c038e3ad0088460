/**
 * Flows to begin with: real files with a few values to fill in.
 *
 * A line `#: name = value` at the top of a file declares a value and what it is at first; `%name%` is its place.
 */
import type { t } from './messages'

const FILES = import.meta.glob<string>('./*.yaml', { query: '?raw', import: 'default', eager: true })
export const NAMES = ['empty', 'cc-cv', 'capacity-test', 'ageing', 'dcir', 'storage', 'burn-in', 'soak', 'over-temperature', 'nightly-export'] as const
export type TemplateName = (typeof NAMES)[number]

export interface Template {
  name: TemplateName
  /** Values to fill in, with what they are at first. */
  values: Record<string, string>
  body: string
  /** It drives a cell on a channel. */
  hasChannel: boolean
}

const DECLARED = /^#: (\w+) = (.+)$/gm

function read(name: TemplateName): Template {
  const file = FILES[`./${name}.yaml`] ?? ''
  const body = file.replace(/^#: .*\n/gm, '')
  return { name, values: Object.fromEntries([...file.matchAll(DECLARED)].map((found) => [found[1] ?? '', found[2] ?? ''])), body, hasChannel: body.includes('%channel%') }
}

export const TEMPLATES: readonly Template[] = NAMES.map(read)

/** Plain where the file's reader takes it as it is, else in quotes. */
export const asText = (text: string): string => (/^[\p{L}\d][\p{L}\d ()/.-]*$/u.test(text) && !/^(?:[\d.]+|true|false|null|yes|no)$/i.test(text) ? text : JSON.stringify(text))

/** The text of the flow; a value without its place in the template is left out. */
export function filled(template: Template, values: Record<string, string>): string {
  const all: Record<string, string> = { ...template.values, ...values, title: asText(values.title ?? '') }
  return template.body.replaceAll(/%(\w+)%/g, (whole, name: string) => all[name] ?? whole)
}

/** An id from a title that nobody has: `charge-cc-cv`, `charge-cc-cv-2`. */
export function freshId(title: string, taken: readonly string[]): string {
  const plain = title.toLowerCase().replaceAll('ä', 'ae').replaceAll('ö', 'oe').replaceAll('ü', 'ue').replaceAll('ß', 'ss').normalize('NFKD')
  const stem = plain.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 58) || 'flow'
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? stem : `${stem}-${number}`
    if (!taken.includes(id)) return id
  }
}

export type FieldKey = Extract<Parameters<typeof t>[0], `f_${string}`>
export const fieldKey = (name: string): FieldKey => `f_${name}` as FieldKey
