import { describe, expect, it } from 'vitest'
import type { Device } from '@/api/types'
import { hasOutputs, isFound, standingOf, suggestId, transportText } from './describe'

describe('device texts', () => {
  it.each([
    [{ kind: 'serial', port: '/dev/ttyUSB0', baudrate: 9600 }, 'serial /dev/ttyUSB0 9600'],
    [{ kind: 'tcp', host: '10.0.0.2', port: 502 }, 'tcp 10.0.0.2:502'],
    [{ type: 'virtual' }, 'virtual'],
    [{}, ''],
    [{ kind: 'mqtt', host: 'broker', password: 'secret' }, 'mqtt broker'],
  ])('%j reads %j', (transport, text) => expect(transportText(transport)).toBe(text))
  it('suggests the next free id in capitals', () => expect(suggestId('riden_rd60xx', ['RIDEN_RD60XX_1'])).toBe('RIDEN_RD60XX_2'))
  it.each([
    [{ access: 'RW', safe: 'write' }, true],
    [{ access: 'RW', safe: { action: 'write', order: 10 } }, true],
    [{ access: 'RW', safe: 'none' }, false],
    [{ access: 'RO', safe: null }, false],
  ])('an entity %j counts as an output: %j', (entity, expected) => expect(hasOutputs({ entities: [entity] } as unknown as Device)).toBe(expected))
  it.each([
    [{ state: 'online', enabled: true }, 'ok'],
    [{ state: 'connecting', enabled: true }, 'ok'],
    [{ state: 'degraded', enabled: true }, 'trouble'],
    [{ state: 'online', enabled: true, needs_rearm: true }, 'trouble'],
    [{ state: 'offline', enabled: false }, 'off'],
  ])('sorts %o under %s', (device, standing) => expect(standingOf(device as unknown as Device)).toBe(standing))
  it('finds a device by any word of its place and connection', () => {
    const device = { id: 'PSU', alias: 'Big', driver: 'riden', category: 'psu', location: 'Shelf 2', description: null, hint: null, transport: { type: 'tcp', host: '10.0.0.7', port: 502 } } as unknown as Device
    expect([isFound(device, 'shelf 10.0.0.7'), isFound(device, 'shelf 9'), isFound(device, ' ')]).toEqual([true, false, true])
  })
})
