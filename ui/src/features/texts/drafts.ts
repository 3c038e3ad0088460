/** Unsaved texts kept in this browser, with the revision they started from. */
export interface Draft {
  text: string
  revision: string
}

const keyOf = (project: string, id: string) => `ionpy.draft.${project}.${id}`

export function readDraft(project: string, id: string): Draft | null {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(keyOf(project, id)) ?? 'null')
    if (typeof value !== 'object' || value === null) return null
    const { text, revision } = value as Partial<Draft>
    return typeof text === 'string' && typeof revision === 'string' ? { text, revision } : null
  } catch {
    return null
  }
}

export function writeDraft(project: string, id: string, draft: Draft | null): void {
  if (draft) localStorage.setItem(keyOf(project, id), JSON.stringify(draft))
  else localStorage.removeItem(keyOf(project, id))
}
