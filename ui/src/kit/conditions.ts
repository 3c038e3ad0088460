/** The conditions of a recording: free names with free values, as a list while they are edited. */
export interface Condition {
  name: string
  value: string
}

export const COMMON = ['cell', 'operator', 'temperature', 'humidity', 'fixture', 'batch'] as const

export const conditionText = (value: unknown): string => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? ''))

export function listOf(conditions: Record<string, unknown> | undefined): Condition[] {
  return Object.entries(conditions ?? {}).map(([name, value]) => ({ name, value: conditionText(value) }))
}

/** Rows without a name are left out; what a person did not touch keeps its type. */
export function recordOf(list: readonly Condition[], before: Record<string, unknown> = {}): Record<string, unknown> {
  const named = list.filter((one) => one.name.trim())
  return Object.fromEntries(named.map(({ name, value }) => {
    const key = name.trim()
    return [key, key in before && conditionText(before[key]) === value ? before[key] : value.trim()]
  }))
}

/** Names that stand twice: the later one would silently win. */
export function twice(list: readonly Condition[]): string[] {
  const names = list.map((one) => one.name.trim()).filter(Boolean)
  return [...new Set(names.filter((name, place) => names.indexOf(name) !== place))]
}
