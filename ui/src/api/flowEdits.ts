/** Server paths for editing flows: drafts, differences, versions, and the texts of runs. */
import { http } from './client'
import type { FlowCheck, Items, PutTogether, TextHistory, TextVersion } from './types'

const seg = encodeURIComponent

export interface FlowEdit {
  op: string
  path?: readonly (string | number)[]
  value?: unknown
  to?: readonly (string | number)[]
  name?: string
  at?: number
}

/** A draft after its edits; `logic` is the hash of what it means, null when it cannot be read. */
export interface EditedFlow extends FlowCheck {
  text: string
  revision: string
  logic: string | null
}

/** A part that means something else; removed ones have their path in the old text. */
export interface FlowChange {
  kind: 'added' | 'removed' | 'changed'
  path: (string | number)[]
}

export interface FlowDiff {
  diff: string
  changes: FlowChange[]
  logic_changed: boolean
}

export interface RunFile {
  role: string
  name: string
  revision: string
  text: string
}

/** What an expression is worth now; `value` in the coherent unit. */
export interface ExpressionNow {
  ok: boolean
  known: boolean
  value: boolean | number | string | null
  unit: string
  /** What is unknown in it, and why. */
  why: { name: string; reason: string }[]
}

export interface ExpressionsAsked {
  expressions: string[]
  flow: string
  channel: string
  cell: string
  parameters: Record<string, string>
}

export const flowEditsApi = {
  evaluate: (asked: ExpressionsAsked) => http.post<Items<ExpressionNow>>('/api/expressions/evaluate', asked),
  edit: (text: string, edits: readonly FlowEdit[], file?: string) => http.post<EditedFlow>('/api/flow-edit', { text, edits, file: file ?? '' }),
  compare: (before: string, after: string, file?: string) => http.post<FlowDiff>('/api/flow-diff', { before, after, file: file ?? '' }),
  history: (id: string) => http.get<TextHistory>(`/api/flows/${seg(id)}/history`),
  version: (id: string, version: string) => http.get<TextVersion & { text: string; diff: string }>(`/api/flows/${seg(id)}/history/${seg(version)}`),
  merge: (id: string, text: string, revision: string) => http.post<PutTogether>(`/api/flows/${seg(id)}/merge`, { text, revision }),
  runFiles: (run: string) => http.get<Items<RunFile>>(`/api/runs/${seg(run)}/files`),
}
