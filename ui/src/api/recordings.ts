/** Server paths of what was recorded: sessions and what they hold, markers, statistics. */
import { address, http, request } from './client'
import type { History, Items, Marker, Session } from './types'

const active = '/api/projects/active'

/** What a session holds of one device or channel. */
export interface RecordedDevice {
  device: string
  first: number
  last: number
  rows: number
  entities: { id: string; kind: string; unit: string }[]
}

export interface SessionChange {
  name?: string
  conditions?: Record<string, unknown>
  notes?: string
  tags?: string[]
  keep?: boolean
}

export interface MarkerDraft {
  label: string
  timestamp: number
  /** Makes it a region. */
  ends: number | null
  color: string
  notes: string
}

/** A marker that lasts has an end. */
export type MarkerOrRegion = Marker & { ends?: number | null }

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

export interface HistoryQuery {
  session_id?: number
  start?: number
  end?: number
  points?: number
}

const seg = encodeURIComponent

export const recordingsApi = {
  sessions: (limit: number, offset = 0) => http.get<Items<Session>>(`${active}/sessions`, { limit, offset }),
  update: (id: number, change: SessionChange) => http.patch<Session>(`${active}/sessions/${id}`, change),
  recorded: (session: number) => http.get<Items<RecordedDevice>>(`${active}/recorded`, { session_id: session }),
  history: (device: string, entities: string[], query: HistoryQuery, signal?: AbortSignal) =>
    request<History>('GET', address(`${active}/devices/${seg(device)}/history`, { entities: entities.join(','), ...query }), { signal }),
  statistics: (device: string, entities: string[], query: HistoryQuery & { charge?: string }, signal?: AbortSignal) =>
    request<Items<SpanFigures>>('GET', address(`${active}/statistics`, { device, entities: entities.join(','), ...query }), { signal }),
  addMarker: (draft: MarkerDraft) => http.post<MarkerOrRegion>(`${active}/markers`, draft),
  changeMarker: (id: number, draft: Partial<MarkerDraft>) => http.patch<MarkerOrRegion>(`${active}/markers/${id}`, draft),
  removeMarker: (id: number) => http.delete<void>(`${active}/markers/${id}`),
}
