/** What the rows of one condition can do to it; each names its place. */
import type { InjectionKey } from 'vue'
import type { At, Op } from './conditions'

export interface ConditionContext {
  readonly: () => boolean
  text: (at: At, text: string) => void
  op: (at: At, op: Op) => void
  add: (at: At) => void
  addGroup: (at: At, op: Op | undefined) => void
  /** Into a group of its own, with a new condition beside it. */
  wrap: (at: At, op: Op | undefined) => void
  /** The group around it goes, its conditions stay. */
  outdent: (at: At) => void
  dissolve: (at: At) => void
  remove: (at: At) => void
}

export const CONDITION_KEY: InjectionKey<ConditionContext> = Symbol('condition editor')
