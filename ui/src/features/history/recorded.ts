/** A device or channel with recorded numbers. */
export interface Recorded {
  id: string
  alias: string | null
  entities: { id: string; name: string; unit: string | null; precision: number | null }[]
}
