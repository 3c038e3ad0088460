/** Both changes after a save that was refused because the file had changed meanwhile. */
import type { ApiError } from '@/api/client'

export interface Conflict {
  revision: string
  text: string
  base: string | null
  merged: string | null
  conflicts: unknown[]
}

export function conflictOf(problem: ApiError): Conflict {
  const args = problem.args as Partial<Record<'current_revision' | 'current_text' | 'base' | 'merged', string>> & { conflicts?: unknown[] }
  return { revision: args.current_revision ?? '', text: args.current_text ?? '', base: args.base ?? null, merged: args.merged ?? null, conflicts: args.conflicts ?? [] }
}
