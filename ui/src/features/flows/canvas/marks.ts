/**
 * What else is shown on nodes: the path of a past run, or what a change adds, removes and changes.
 *
 * Who shows the board provides a map by the node's key; the canvas shows it with colour, icon and text.
 */
import { inject, provide, shallowRef, type InjectionKey, type Ref } from 'vue'

export type MarkState = 'running' | 'passed' | 'failed' | 'inconclusive' | 'skipped' | 'added' | 'removed' | 'changed'
export interface Mark {
  state: MarkState
  /** Shown behind the state: a reason, a value, a time. */
  note?: string
}
export type Marks = ReadonlyMap<string, Mark>

const KEY: InjectionKey<Readonly<Ref<Marks>>> = Symbol('marks of nodes')

export const provideMarks = (marks: Readonly<Ref<Marks>>): void => provide(KEY, marks)
export const useMarks = (): Readonly<Ref<Marks>> => inject(KEY, shallowRef(new Map()))
