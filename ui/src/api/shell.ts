/** Server paths of the shell: the running session, markers, and what is done with whole projects. */
import { http, request } from './client'
import type { Marker, Project, Session } from './types'

const active = '/api/projects/active'
const seg = encodeURIComponent

export interface SessionEntry {
  name: string
  conditions: Record<string, unknown>
  notes: string
}

export type MarkerEntry = Pick<Marker, 'label'> & Partial<Pick<Marker, 'timestamp' | 'color' | 'notes' | 'device_id'>>

export const runningSessionApi = {
  start: (entry: SessionEntry) => http.post<Session>(`${active}/sessions/start`, entry),
  update: (id: number, change: Partial<SessionEntry>) => http.patch<Session>(`${active}/sessions/${id}`, change),
}

/** A marker without a colour must not name one. */
const named = ({ color, ...rest }: Partial<MarkerEntry>) => ({ ...rest, ...(color ? { color } : {}) })

export const markerApi = {
  add: (entry: MarkerEntry) => http.post<Marker>(`${active}/markers`, named(entry)),
  update: (id: number, change: Partial<MarkerEntry>) => http.patch<Marker>(`${active}/markers/${id}`, named(change)),
  remove: (id: number) => http.delete<void>(`${active}/markers/${id}`),
}

function zipBody(file: File): FormData {
  const body = new FormData()
  body.append('file', file)
  return body
}

export const projectAdminApi = {
  change: (id: Project['id'], change: { name?: string; description?: string }) => http.patch<Project>(`/api/projects/${seg(id)}`, change),
  remove: (id: Project['id']) => http.delete<void>(`/api/projects/${seg(id)}`),
  archiveHref: (id: Project['id']) => `/api/projects/${seg(id)}/archive`,
  bringIn: (file: File) => request<Project>('POST', '/api/projects/import', { body: zipBody(file) }),
}
