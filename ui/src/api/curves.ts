/** Curves for charts that come and go: requests that can be given up. */
import { http } from './client'
import type { History } from './types'

const seg = encodeURIComponent

export const curvesApi = {
  recent: (device: string, entities: string[], signal?: AbortSignal) => http.get<History>(`/api/devices/${seg(device)}/recent`, { entities: entities.join(',') }, signal),
  history: (device: string, entities: string[], query: { start: number; end: number; points: number }, signal?: AbortSignal) =>
    http.get<History>(`/api/projects/active/devices/${seg(device)}/history`, { entities: entities.join(','), ...query }, signal),
}
