/** Walks a JSON Schema along a path; every branch of `anyOf`, `oneOf`, `allOf` counts. */
export type Schema = Record<string, unknown> | boolean

export interface Suggestion {
  label: string
  detail: string
  info: string
  /** True when the value of the key is an object or a list and belongs on the next lines. */
  nested: boolean
}

type Node = Record<string, unknown>
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)
const DEPTH = 12

function resolve(root: Node, reference: string): unknown {
  if (!reference.startsWith('#/')) return undefined
  return reference
    .slice(2)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, part) => (isNode(at) ? at[part] : undefined), root)
}

/** All plain schemas behind references and combinations. */
export function branches(root: Node, schema: unknown, depth = 0): Node[] {
  if (!isNode(schema) || depth > DEPTH) return []
  const found: Node[] = [schema]
  if (typeof schema.$ref === 'string') found.push(...branches(root, resolve(root, schema.$ref), depth + 1))
  for (const word of ['anyOf', 'oneOf', 'allOf']) {
    const list = schema[word]
    if (Array.isArray(list)) for (const option of list) found.push(...branches(root, option, depth + 1))
  }
  return found
}

function child(node: Node, key: string | 0): unknown[] {
  if (key === 0) return Array.isArray(node.items) ? node.items : [node.items, ...((node.prefixItems as unknown[] | undefined) ?? [])]
  const named = isNode(node.properties) ? node.properties[key] : undefined
  return [named ?? node.additionalProperties]
}

/** Schemas that describe what stands at `path`. */
export function schemasAt(root: Node, path: (string | 0)[]): Node[] {
  let at = branches(root, root)
  for (const key of path) at = at.flatMap((node) => child(node, key)).flatMap((next) => branches(root, next))
  return at
}

function typeText(root: Node, schema: unknown): string {
  const types = new Set(
    branches(root, schema).flatMap((node) => {
      if ('const' in node) return [JSON.stringify(node.const)]
      if (Array.isArray(node.enum)) return [node.enum.slice(0, 4).join(' | ')]
      return node.type ? [String(node.type)] : []
    }),
  )
  return [...types].slice(0, 3).join(' | ')
}

const isNested = (root: Node, schema: unknown) => branches(root, schema).some((node) => node.type === 'object' || node.type === 'array')

export function keysAt(root: Node, path: (string | 0)[]): Suggestion[] {
  const found = new Map<string, Suggestion>()
  for (const node of schemasAt(root, path)) {
    if (!isNode(node.properties)) continue
    for (const [label, schema] of Object.entries(node.properties)) {
      if (found.has(label)) continue
      const info = branches(root, schema).find((part) => typeof part.description === 'string')?.description
      found.set(label, { label, detail: typeText(root, schema), info: String(info ?? ''), nested: isNested(root, schema) })
    }
  }
  return [...found.values()]
}

export function valuesAt(root: Node, path: (string | 0)[]): string[] {
  const found = new Set<string>()
  for (const node of schemasAt(root, path)) {
    if ('const' in node) found.add(String(node.const))
    if (Array.isArray(node.enum)) node.enum.forEach((value) => found.add(String(value)))
    if (node.type === 'boolean') ['true', 'false'].forEach((value) => found.add(value))
    if (Array.isArray(node.examples)) node.examples.forEach((value) => found.add(String(value)))
  }
  return [...found]
}
