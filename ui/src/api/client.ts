/** The one place that speaks HTTP with the server and turns its errors into `ApiError`. */
import type { Finding } from './types'

export interface Problem {
  code: string
  message: string
  hint?: string | null
  args?: Record<string, unknown>
  findings?: Finding[]
}

/** An answer that is no success: `code` is stable, `message` and `hint` are for people. */
export class ApiError extends Error {
  readonly code: string
  readonly hint: string
  readonly args: Record<string, unknown>
  readonly findings: Finding[]

  constructor(
    readonly status: number,
    problem: Problem,
  ) {
    super(problem.message)
    this.name = 'ApiError'
    this.code = problem.code
    this.hint = problem.hint ?? ''
    this.args = problem.args ?? {}
    this.findings = problem.findings ?? []
  }
}

export type Query = Record<string, string | number | null | undefined>

export interface RequestOptions {
  query?: Query
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Path with its query; empty values are left out. */
export function address(path: string, query: Query = {}): string {
  const parts = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') parts.set(key, String(value))
  }
  const text = parts.toString()
  return text ? `${path}?${text}` : path
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Problem> & { detail?: string }
    return {
      ...body,
      code: body.code ?? `HTTP_${response.status}`,
      message: body.message ?? body.detail ?? response.statusText,
    }
  } catch {
    return { code: `HTTP_${response.status}`, message: response.statusText || `HTTP ${response.status}` }
  }
}

/** Looks at a request before it is sent; null lets it go. */
type Guard = (method: string, path: string) => ApiError | null
let guard: Guard = () => null

/** Sets who may refuse requests, for example while the past is shown. */
export function setGuard(next: Guard): void {
  guard = next
}

async function send(method: string, path: string, options: RequestOptions): Promise<Response> {
  const refusal = guard(method, path)
  if (refusal) throw refusal
  const headers: Record<string, string> = { Accept: 'application/json', ...options.headers }
  const isFile = options.body instanceof FormData // its content type carries a boundary that only the browser knows
  if (options.body !== undefined && !isFile) headers['Content-Type'] = 'application/json'
  try {
    return await fetch(address(path, options.query), {
      method,
      headers,
      body: isFile ? (options.body as FormData) : options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, { code: 'NO_CONNECTION', message: 'The server does not answer.' })
  }
}

/** One request; resolves with the JSON body, rejects with `ApiError`. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(method, path, options)
  if (!response.ok) throw new ApiError(response.status, await problemOf(response))
  const text = await response.text()
  return (text ? JSON.parse(text) : undefined) as T
}

/** Lines of JSON as they come; resolves when the server has said everything. */
export async function lines(path: string, body: unknown, hear: (line: unknown) => void, signal?: AbortSignal): Promise<void> {
  const response = await send('POST', path, { body, signal, headers: { Accept: 'application/x-ndjson' } })
  if (!response.ok) throw new ApiError(response.status, await problemOf(response))
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { value: undefined, done: true }
    const parts = (rest + (value ?? '')).split('\n')
    rest = done ? '' : (parts.pop() ?? '')
    for (const part of parts) if (part.trim()) hear(JSON.parse(part))
    if (done) return
  }
}

export const http = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>('GET', path, { query, signal }),
  post: <T>(path: string, body: unknown = {}, headers?: Record<string, string>) =>
    request<T>('POST', path, { body, headers }),
  put: <T>(path: string, body: unknown) => request<T>('PUT', path, { body }),
  patch: <T>(path: string, body: unknown) => request<T>('PATCH', path, { body }),
  delete: <T>(path: string) => request<T>('DELETE', path),
}
