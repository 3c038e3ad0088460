/** CodeMirror completion for flow files: keys and values from the schema, point addresses from the bench. */
import type { Completion, CompletionContext, CompletionResult, CompletionSource } from '@codemirror/autocomplete'
import { placeAt } from './place'
import { keysAt, valuesAt } from './schema'

type Root = Record<string, unknown>

/** Names that may stand in expressions, with a word about each. */
export type Names = () => { label: string; detail: string }[]

const WORD = /[\w.$-]*$/

export function flowCompletion(schema: () => Root | null, names: Names): CompletionSource {
  return (context: CompletionContext): CompletionResult | null => {
    const root = schema()
    if (!root) return null
    const place = placeAt(context.state.doc.toString(), context.pos)
    const typed = WORD.exec(place.word)?.[0] ?? ''
    if (!context.explicit && !typed) return null
    const options = place.valueOf === null ? keyOptions(root, place) : valueOptions(root, place, names)
    return options.length ? { from: context.pos - typed.length, options, validFor: /^[\w.$-]*$/ } : null
  }
}

function keyOptions(root: Root, place: ReturnType<typeof placeAt>): Completion[] {
  return keysAt(root, place.path)
    .filter((key) => !place.siblings.includes(key.label))
    .map((key) => ({
      label: key.label,
      type: 'property',
      detail: key.detail,
      info: key.info || undefined,
      apply: key.nested ? `${key.label}:` : `${key.label}: `,
    }))
}

function valueOptions(root: Root, place: ReturnType<typeof placeAt>, names: Names): Completion[] {
  const path = [...place.path, place.valueOf ?? '']
  const fixed = valuesAt(root, path).map((label): Completion => ({ label, type: 'enum', boost: 2 }))
  const points = names().map(({ label, detail }): Completion => ({ label, detail, type: 'variable' }))
  return fixed.length ? fixed : points
}
