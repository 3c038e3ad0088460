/** The single values below a path, each with its place. */
import { isMap, type Path, type Plain } from '../model/graph'

export interface Leaf { path: Path; text: string; isKey: boolean }

/** Every single value below a path, and every key. */
export function* leaves(value: Plain | undefined, path: Path): Generator<Leaf> {
  if (typeof value === 'string') yield { path, text: value, isKey: false }
  else if (Array.isArray(value)) for (const [index, inner] of value.entries()) yield* leaves(inner, [...path, index])
  else if (isMap(value)) {
    for (const [key, inner] of Object.entries(value)) {
      yield { path: [...path, key], text: key, isKey: true }
      yield* leaves(inner, [...path, key])
    }
  }
}
