/** Every server path about pages of widgets, typed. */
import type { Widget } from '@/widgets/contract'
import { http } from './client'
import type { Finding, Items } from './types'

export interface Page {
  id: string
  title: string
  icon: string
  widgets: Widget[]
}

/** What a project shows; a file that cannot be read has no pages, but a problem. */
export interface ActiveLayout {
  revision: string
  pages: Page[]
  findings: Finding[]
  problem?: { code: string; message: string; hint: string }
}

/** A layout kept under a name. */
export interface LayoutItem {
  name: string
  pages: number
  widgets: number
  changed: number | null
  error: string
}

const root = '/api/workspaces'
const seg = encodeURIComponent

export const workspacesApi = {
  active: () => http.get<ActiveLayout>(`${root}/active`),
  save: (revision: string, pages: Page[]) => http.put<ActiveLayout>(`${root}/active`, { revision, pages }),
  list: () => http.get<Items<LayoutItem>>(root),
  get: (name: string) => http.get<{ name: string; pages: Page[] }>(`${root}/${seg(name)}`),
  keep: (name: string, pages: Page[], replace = false) => http.post<LayoutItem>(`${root}/${seg(name)}`, { pages, replace }),
  rename: (name: string, to: string) => http.patch<LayoutItem>(`${root}/${seg(name)}`, { name: to }),
  remove: (name: string) => http.delete<void>(`${root}/${seg(name)}`),
}
