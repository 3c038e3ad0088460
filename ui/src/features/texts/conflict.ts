/** A draft and the file that changed underneath, as the server put them together. */
import type { PutTogether, Stretch } from '@/api/types'

export interface Conflict {
  /** Of the file as it is now. */
  revision: string
  isBaseKnown: boolean
  stretches: Stretch[]
}

/** Of an answer that put them together, or of the arguments of a save that was refused. */
export function conflictOf(answer: Partial<PutTogether>): Conflict {
  return { revision: answer.current_revision ?? '', isBaseKnown: typeof answer.base === 'string', stretches: answer.stretches ?? [] }
}
