/** A device or channel with recorded numbers. */
export interface Recorded {
  id: string
  alias: string | null
  entities: { id: string; name: string; unit: string | null; precision: number | null }[]
}

/** A moment of one recording, as an address names it. */
export interface Place {
  session: number
  device: string
  span?: [number, number]
}

export function placeOf(query: Record<string, unknown>): Place | null {
  const [session, from, to] = [query.session, query.from, query.to].map(Number)
  if (!session || !Number.isFinite(session)) return null
  const device = typeof query.device === 'string' ? query.device : ''
  return { session, device, ...(from && to && to > from ? { span: [from, to] as [number, number] } : {}) }
}
