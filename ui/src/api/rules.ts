/** Rules as the server tells of them: what they say, what they see, what they did, and tests without hardware. */
import type { Rule, RuleLeaf, Scalar } from './types'

/** Values of a firing or a check; `unit` only where the server knows it. */
export type Leaf = Omit<RuleLeaf, 'unit'> & { unit?: string | null }

/** The last firing that did not act for one reason. */
export interface RuleStop {
  at: number
  trigger: string
  values: Record<string, Scalar>
  if: Leaf[]
}

export interface RuleState extends Omit<Rule, 'why'> {
  sentence: string
  line: number
  when: string[]
  if: string[]
  during: string[]
  mode: string
  cooldown_s: number
  once: string
  last_outcome: string | null
  /** Firings that did not act, counted by reason. */
  skipped: Record<string, number>
  mean_us: number
  waiting: number
  cooling_s: number
  why: { result: boolean | null; leaves: RuleLeaf[]; if?: Leaf[]; branch?: string; stopped?: Record<string, RuleStop> }
}

/** An action of one firing and what became of it. */
export interface TraceAction {
  verb: string
  sentence: string
  ok: boolean
  result?: unknown
  error?: string
  message?: string
  hint?: string
  duration_s?: number
}

/** One firing that acted, or was cut. */
export interface RuleTrace {
  id?: number
  rule: string
  timestamp: number
  trigger: string
  outcome: string
  duration_s: number
  cause: string[]
  session_id: number | null
  values?: Record<string, Scalar>
  if?: Leaf[]
  branch?: string
  actions?: TraceAction[]
  reason?: string
  device?: string
}

/** Something an action would do; `gate` says what the write gate would answer. */
export interface Would {
  would: string
  gate?: { ok: boolean; code?: string; message?: string; hint?: string }
  [key: string]: unknown
}

export interface DryAction extends TraceAction {
  enabled: boolean
  reached: boolean
  note?: string
  would: Would[]
}

/** A trigger or a condition as a dry run sees it. */
export interface DryCheck {
  kind?: string
  sentence: string
  result: Scalar
  values: Leaf[]
}

export interface DryRun {
  id: string
  at: number
  mode: string
  triggers: DryCheck[]
  if: DryCheck[]
  branch: string
  then: DryAction[]
  else: DryAction[]
}

export interface Firing {
  at: number
  rule: string
  trigger: string
  values: Record<string, Scalar>
  if: Leaf[]
  branch: string
  outcome: string
  cause: string[]
  actions: TraceAction[]
}

export interface Backtest {
  from: number
  to: number
  sessions: number[]
  samples: number
  count: number
  truncated: boolean
  firings: Firing[]
  rules: { id: string; fired: number; skipped: Record<string, number>; suspended: string }[]
  notes: string[]
}

/** Over which recording: a session, or a range of time. */
export type BacktestRequest = { session_id: number } | { from: number; to: number }

export interface Variable {
  name: string
  value: Scalar
  updated: number
  by: string
}

export type RuleAct = 'trigger' | 'enable' | 'disable'

/** A rule that was fired by hand says whether it acted. */
export type RuleAnswer<A extends RuleAct> = A extends 'trigger' ? { id: string; acted: boolean; reason: string } : unknown
