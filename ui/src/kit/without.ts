/** A copy of an object without some of its keys. */
export function without<T extends object>(values: T, ...keys: string[]): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key))) as Partial<T>
}
