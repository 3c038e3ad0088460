import { flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Device, Entity } from '@/api/types'
import { useWrites } from './writes'

const device = { id: 'PSU' } as Device
const entity = { id: 'output' } as Entity
const done = { kind: 'done', requested: true, sent: true, read_back: true }
const question = (token: string) => ({ code: 'CONFIRMATION_REQUIRED', message: 'sure?', args: { token, expires_s: 30, question: 'sure?' } })
const owned = { code: 'OWNED', message: 'held', args: { owner: 'run:7' } }
let answers: unknown[] = []
let bodies: unknown[] = []

beforeEach(() => {
  bodies = []
  vi.stubGlobal('fetch', (_path: string, options: RequestInit) => {
    bodies.push(JSON.parse(String(options.body)))
    const next = answers.shift() as { code?: string }
    return Promise.resolve(new Response(JSON.stringify(next), { status: next.code ? 409 : 200 }))
  })
})

describe('a write', () => {
  it('that needs no question asks none', async () => {
    answers = [done]
    expect(await useWrites().write(device, entity, false)).toEqual(done)
    expect(bodies).toEqual([{ value: false }])
  })
  it('is repeated with the token of its own question', async () => {
    answers = [question('a'), done]
    const writes = useWrites()
    const result = writes.write(device, entity, true)
    await flushPromises()
    expect(writes.question).toMatchObject({ kind: 'confirm', lifeS: 30, text: 'sure?' })
    writes.answer('yes')
    expect(await result).toEqual(done)
    expect(bodies).toEqual([{ value: true }, { value: true, confirm: 'a' }])
    expect(writes.question).toBeNull()
  })
  it('is not repeated when the person says no', async () => {
    answers = [question('a')]
    const writes = useWrites()
    const result = writes.write(device, entity, true)
    await flushPromises()
    writes.answer('no')
    expect(await result).toBeNull()
    expect(bodies).toHaveLength(1)
  })
  it('asks anew when the question has expired, without the old token', async () => {
    answers = [question('a'), question('b'), done]
    const writes = useWrites()
    const result = writes.write(device, entity, true)
    await flushPromises()
    writes.answer('again')
    await flushPromises()
    writes.answer('yes')
    await result
    expect(bodies).toEqual([{ value: true }, { value: true }, { value: true, confirm: 'b' }])
  })
  it('of a held output takes over and is still confirmed', async () => {
    answers = [owned, question('a'), done]
    const writes = useWrites()
    const result = writes.write(device, entity, true)
    await flushPromises()
    expect(writes.question).toMatchObject({ kind: 'take_over', owner: 'run:7' })
    writes.answer('yes')
    await flushPromises()
    writes.answer('yes')
    expect(await result).toEqual(done)
    expect(bodies).toEqual([{ value: true }, { value: true, take_over: true }, { value: true, take_over: true, confirm: 'a' }])
  })
  it('that is still held after a take-over is refused, not asked for ever', async () => {
    answers = [owned, owned]
    const writes = useWrites()
    const result = writes.write(device, entity, true).catch((problem: Error) => problem.message)
    await flushPromises()
    writes.answer('yes')
    expect(await result).toBe('held')
  })
})
