/** Server paths of what is done with whole projects. */
import { http, request } from './client'
import type { Project } from './types'

const seg = encodeURIComponent

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
