/** Curves of a device or channel, from the server's memory or as they were recorded: requests that can be given up. */
import { http } from './client'
import type { History } from './types'

export interface HistoryQuery {
  session_id?: number
  start?: number
  end?: number
  points?: number
}

const seg = encodeURIComponent

export const curvesApi = {
  recent: (device: string, entities: string[], signal?: AbortSignal) => http.get<History>(`/api/devices/${seg(device)}/recent`, { entities: entities.join(',') }, signal),
  history: (device: string, entities: string[], query: HistoryQuery, signal?: AbortSignal) =>
    http.get<History>(`/api/projects/active/devices/${seg(device)}/history`, { entities: entities.join(','), ...query }, signal),
}
