/** A draft and the file that changed underneath, as the server put them together. */
import type { PutTogether, Stretch } from '@/api/types'

export interface Conflict {
  revision: string
  isBaseKnown: boolean
  stretches: Stretch[]
}

export const conflictOf = ({ current_revision, base, stretches }: Partial<PutTogether>): Conflict => ({ revision: current_revision ?? '', isBaseKnown: typeof base === 'string', stretches: stretches ?? [] })
