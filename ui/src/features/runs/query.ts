/** The filter of the list of runs: in the address, and as the server takes it; pure functions. */
export const UNDER_WAY = 'under_way'
const VERDICTS: readonly string[] = ['pass', 'inconclusive', 'fail', 'aborted', 'error']
export const PAGE = 50

export interface RunQuery {
  text: string
  /** Empty: all; `under_way`; a state; or a verdict. */
  state: string
  flow: string
  channel: string
  /** Days as `2026-11-21`, both included. */
  from: string
  to: string
  page: number
}

export const NO_QUERY: Readonly<RunQuery> = { text: '', state: '', flow: '', channel: '', from: '', to: '', page: 1 }
const KEYS = { text: 'q', state: 'state', flow: 'flow', channel: 'channel', from: 'from', to: 'to' } as const
const DAY = /^\d{4}-\d{2}-\d{2}$/
const DAY_S = 86_400

export function queryOf(address: Record<string, unknown>): RunQuery {
  const word = (key: string) => (typeof address[key] === 'string' ? (address[key] as string) : '')
  const day = (key: string) => (DAY.test(word(key)) ? word(key) : '')
  const page = Math.max(1, Math.floor(Number(word('page')) || 1))
  return { text: word('q'), state: word('state'), flow: word('flow'), channel: word('channel'), from: day('from'), to: day('to'), page }
}

/** Only what narrows the list stands in the address. */
export function addressOf(query: RunQuery): Record<string, string> {
  const words = Object.entries(KEYS).map(([name, key]) => [key, query[name as keyof typeof KEYS]] as const)
  return Object.fromEntries([...words, ['page', query.page > 1 ? String(query.page) : ''] as const].filter(([, value]) => value))
}

export const isNarrowed = (query: RunQuery): boolean => Object.keys(addressOf({ ...query, page: 1 })).length > 0

/** Midnight where the person is, in Unix seconds. */
function midnight(day: string): number | undefined {
  const at = day ? new Date(`${day}T00:00:00`).getTime() / 1000 : NaN
  return Number.isFinite(at) ? at : undefined
}

export function askedOf(query: RunQuery): Record<string, string | number | undefined> {
  const last = midnight(query.to)
  const narrowed = query.state === UNDER_WAY ? {} : VERDICTS.includes(query.state) ? { verdict: query.state, state: 'finished' } : { state: query.state }
  return {
    ...narrowed, text: query.text, sequence: query.flow, channel: query.channel,
    since: midnight(query.from), until: last === undefined ? undefined : last + DAY_S - 0.001,
    limit: PAGE, offset: (query.page - 1) * PAGE,
  }
}
