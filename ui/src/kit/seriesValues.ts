import type { SeriesData } from '@/api/types'

/** The values to draw: raw ones, or the means of condensed history. */
export function valuesOf(data: SeriesData | undefined): (number | null)[] {
  return data?.v ?? data?.avg ?? []
}
