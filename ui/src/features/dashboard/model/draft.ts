/** Unsaved pages of this browser tab, so that a reload loses nothing; another tab has its own. */
import type { ActiveLayout, Page } from '@/api/workspaces'

export interface Draft {
  base: ActiveLayout
  pages: Page[]
}

const key = (project: string) => `ionpy.pages.draft.${project}`

export function readDraft(project: string): Draft | null {
  try {
    const found = JSON.parse(sessionStorage.getItem(key(project)) ?? 'null') as Draft | null
    return found && Array.isArray(found.pages) && Array.isArray(found.base?.pages) ? found : null
  } catch {
    return null
  }
}

export function writeDraft(project: string, draft: Draft): void {
  try {
    sessionStorage.setItem(key(project), JSON.stringify(draft))
  } catch {
    // A full storage costs only what a reload would keep.
  }
}

export function forgetDraft(project: string): void {
  sessionStorage.removeItem(key(project))
}
