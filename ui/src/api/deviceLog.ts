/** What happened to a device lately, its traffic, and a probe told step by step. */
import { ApiError, http, lines, type Problem } from './client'
import type { ProbeRequest, ProbeResult, ProbeStep, Scalar } from './types'

export interface DeviceEvent {
  timestamp: number
  event: string
  state?: string
  hint?: string
  message?: string
  code?: string
  stage?: string
  entity?: string
  value?: Scalar
  outputs?: string[]
  action?: string
  ok?: boolean
  detail?: string
}

export interface DeviceTraffic {
  counters: Record<string, number>
  interval_ms: number
  last_poll: number | null
  poll_ms: number | null
  items: DeviceEvent[]
  total: number
}

export const deviceLogApi = { get: (id: string) => http.get<DeviceTraffic>(`/api/devices/${encodeURIComponent(id)}/log`) }

interface ProbeLine {
  step?: ProbeStep
  result?: ProbeResult
  error?: Problem
}

/** Probes; each step is told as it begins and as it ends. */
export async function probeTold(body: ProbeRequest, tell: (step: ProbeStep) => void, signal: AbortSignal): Promise<ProbeResult> {
  let last: ProbeLine = {}
  await lines('/api/devices/probe', body, (line) => {
    last = line as ProbeLine
    if (last.step) tell(last.step)
  }, signal)
  if (last.result) return last.result
  throw new ApiError(0, last.error ?? { code: 'NO_CONNECTION', message: 'The server does not answer.' })
}
