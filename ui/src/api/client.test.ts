import { afterEach, describe, expect, it, vi } from 'vitest'
import { address, ApiError, http } from './client'

const answer = (status: number, body: string) => vi.stubGlobal('fetch', vi.fn().mockResolvedValue(new Response(body, { status })))
const failed = (call: Promise<unknown>) => call.then(() => null, (error: unknown) => error as ApiError)

describe('http', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('leaves empty query values out', () => {
    expect(address('/a', { x: 1, y: '', z: null, w: undefined, v: 'ü' })).toBe('/a?x=1&v=%C3%BC')
  })
  it('gives the body of a success', async () => {
    answer(200, '{"items": []}')
    expect(await http.get('/a')).toEqual({ items: [] })
  })
  it('rejects with code, hint and findings', async () => {
    answer(422, '{"code": "FLOW_INVALID", "message": "no", "hint": "fix", "args": {"a": 1}, "findings": [{"line": 3}]}')
    const error = await failed(http.put('/a', {}))
    expect(error).toMatchObject({ status: 422, code: 'FLOW_INVALID', hint: 'fix', args: { a: 1 }, findings: [{ line: 3 }] })
  })
  it('survives an error that is no JSON', async () => {
    answer(502, '<html>')
    expect(await failed(http.get('/a'))).toMatchObject({ status: 502, code: 'HTTP_502' })
  })
  it('says that the server does not answer', async () => {
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('network')))
    expect(await failed(http.get('/a'))).toMatchObject({ status: 0, code: 'NO_CONNECTION' })
  })
})
