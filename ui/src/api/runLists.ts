/** Pages of the list of runs, and what a comparison reads of each. */
import { http, type Query } from './client'
import type { Items, Run, RunCycle, RunStep } from './types'

/** Voltage over charge of one step of a run. */
export interface RunLoop {
  cycle: number
  step_id: string
  kind: string
  ah: number[]
  voltage: number[]
}

export interface RunReport {
  run: { id: string; title: string; verdict: string; state: string }
  steps: RunStep[]
  cycles: RunCycle[]
  loops: RunLoop[]
}

const seg = encodeURIComponent
export const runListsApi = {
  page: (query: Query) => http.get<Items<Run>>('/api/runs', query),
  report: (id: Run['id']) => http.get<RunReport>(`/api/runs/${seg(id)}/report`),
  html: async (id: Run['id'], lang: string): Promise<string> => {
    const answer = await fetch(`/api/runs/${seg(id)}/report?format=html&lang=${lang}`)
    if (!answer.ok) throw new Error(answer.statusText || `HTTP ${answer.status}`)
    return answer.text()
  },
}
