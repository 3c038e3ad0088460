/** Server paths of exports that run in the background. */
import { http } from './client'
import type { ExportRow, Items } from './types'

const base = '/api/projects/active/exports'

export interface ExportWish {
  format: string
  session_id: number | null
  devices: string[]
  entities: string[]
  start: number | null
  end: number | null
  dialect: 'en' | 'de'
  units: boolean
  metadata: boolean
}

export interface ExportJob {
  id: string
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  about: { format: string; session_id: number | null; devices: string[]; start: number | null; end: number | null }
  rows: number
  total: number
  progress: number
  created: number
  export: ExportRow | null
  error: { code: string; message: string; hint?: string } | null
}

export const exportJobsApi = {
  formats: () => http.get<Items<{ name: string; suffix: string }>>(`${base}/formats`),
  list: () => http.get<Items<ExportJob>>(`${base}/jobs`),
  start: (wish: ExportWish) => http.post<ExportJob>(base, wish),
  cancel: (id: string) => http.delete<ExportJob>(`${base}/jobs/${id}`),
}
