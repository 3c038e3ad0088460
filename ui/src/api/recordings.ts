/** What sessions and markers say, and the server paths of what a recording holds. */
import { http } from './client'
import type { HistoryQuery } from './curves'
import type { Items } from './types'

const active = '/api/projects/active'

/** What a session holds of one device or channel. */
export interface RecordedDevice {
  device: string
  first: number
  last: number
  rows: number
  entities: { id: string; kind: string; unit: string }[]
}

export interface SessionEntry {
  name?: string
  conditions?: Record<string, unknown>
  notes?: string
}

export interface SessionChange extends SessionEntry {
  tags?: string[]
  keep?: boolean
}

/** What a person says of a marker: now, and of no device, where nothing else is said. */
export interface MarkerDraft {
  label: string
  timestamp?: number
  /** Makes it a region. */
  ends?: number | null
  device_id?: string | null
  /** A marker without a colour must not name one. */
  color?: string
  notes?: string
}

export interface Figures {
  min: number
  max: number
  avg: number
  n: number
  ah?: number
  wh?: number
  /** Seconds without samples that were not bridged. */
  gap_s?: number
}

export interface SpanFigures {
  session_id: number
  start: number
  end: number
  rows: number
  entities: Record<string, Figures>
}

export const recordingsApi = {
  recorded: (session: number) => http.get<Items<RecordedDevice>>(`${active}/recorded`, { session_id: session }),
  statistics: (device: string, entities: string[], query: HistoryQuery & { charge?: string }, signal?: AbortSignal) =>
    http.get<Items<SpanFigures>>(`${active}/statistics`, { device, entities: entities.join(','), ...query }, signal),
}
