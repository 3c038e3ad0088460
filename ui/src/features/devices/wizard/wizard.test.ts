import { flushPromises, mount } from '@vue/test-utils'
import { defineComponent, h } from 'vue'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Device } from '@/api/types'
import { useBench } from '@/stores/bench'
import { useDevices } from '@/stores/devices'
import { configOf, entryOf, probeOf } from './entry'
import { provideWizard, type Wizard } from './useWizard'

const BLUEPRINT = {
  driver: 'riden_rd60xx',
  blueprints: [
    { transport: 'serial', framing: 'modbus_rtu', transport_params: { baudrate: 115_200 }, framing_params: {} },
    { transport: 'tcp', framing: 'modbus_rtu', transport_params: {}, framing_params: {} },
    { transport: 'tcp', framing: 'modbus_tcp', transport_params: { port: 502 }, framing_params: {} },
  ],
  parameters: { properties: { modbus_address: { type: 'integer', default: 1, minimum: 1, maximum: 247 } } },
}
const RIDEN = { name: 'riden_rd60xx', category: 'psu', icon: 'lightning-bolt', description: '', version: '1', simulated: true, aliases: ['rd6012'] }
const DEVICE = {
  id: 'PSU', driver: 'riden_rd60xx', category: 'psu', icon: 'flash', alias: 'Big', color: '#fff', location: 'Shelf', description: '', enabled: true, auto_start: false, state: 'online', hint: null,
  transport: { type: 'tcp', host: '10.0.0.2', port: 502 }, framing: { type: 'modbus_tcp', timeout_s: 2 }, params: { modbus_address: 3 }, polling_interval_ms: 250, on_comm_loss: 'safe', safe_group: 'A', watchdog_s: null,
  entities: [], values: {}, counters: {},
} as unknown as Device

function open(editing: Device | null): Wizard {
  let wizard: Wizard | null = null
  mount(defineComponent({ setup: () => { wizard = provideWizard(editing); return () => h('div') } }))
  if (!wizard) throw new Error('no wizard')
  return wizard
}

beforeEach(() => {
  const answer = (body: unknown) => Promise.resolve(new Response(JSON.stringify(body)))
  vi.stubGlobal('fetch', (path: string) => answer(path.endsWith('/blueprint') ? BLUEPRINT : { items: [RIDEN], total: 1 }))
  useBench().mode = { mode: 'armed', armed_by: null }
})

describe('the entry of a device', () => {
  it('comes back as the same configuration', () => {
    const config = configOf(entryOf(DEVICE), BLUEPRINT)
    expect(config).toMatchObject({ id: 'PSU', alias: 'Big', transport: DEVICE.transport, framing: DEVICE.framing, params: DEVICE.params, polling_interval_ms: 250, auto_start: false, safe_group: 'A' })
  })
  it('is probed with the defaults of its blueprint written out', () => {
    expect(probeOf(entryOf(DEVICE), BLUEPRINT)).toEqual({
      driver: 'riden_rd60xx', transport_type: 'tcp', transport_params: { host: '10.0.0.2', port: 502 }, framing_type: 'modbus_tcp', framing_params: { timeout_s: 2 }, params: { modbus_address: 3 },
    })
  })
})

describe('the wizard', () => {
  it('suggests an id and says step by step what is missing', async () => {
    useDevices().adopt([{ ...DEVICE, id: 'RIDEN_RD60XX_1' }])
    const wizard = open(null)
    await flushPromises()
    expect(wizard.problems.value.driver).not.toBe('')
    wizard.choose(RIDEN)
    await wizard.settled()
    expect(wizard.problems.value.driver).toBe('')
    expect(wizard.entry.id).toBe('RIDEN_RD60XX_2')
    wizard.entry.id = 'riden_rd60xx_1'
    expect(wizard.problems.value.identity).toContain('in use')
    wizard.entry.id = 'X'
    expect(wizard.problems.value.identity).toBe('')
    expect(wizard.problems.value.transport).toBe('Choose or type a port')
    wizard.entry.transport = 'tcp'
    expect(wizard.problems.value.transport).toBe('Type a host name or address')
  })
  it('asks no test for what did not change, and one for what did', async () => {
    const wizard = open(DEVICE)
    await wizard.settled()
    expect(wizard.unchanged.value).toBe(true)
    wizard.entry.alias = 'Other'
    expect([wizard.unchanged.value, wizard.problems.value.probe]).toEqual([true, ''])
    wizard.entry.params = { modbus_address: 4 }
    expect(wizard.unchanged.value).toBe(false)
    expect(wizard.problems.value.probe).not.toBe('')
  })
  it('forgets a test when the way to the device changes', async () => {
    const wizard = open(null)
    wizard.choose(RIDEN)
    await wizard.settled()
    wizard.result.value = { success: true, steps: [], first_values: {}, error: null, duration_ms: 1 }
    expect(wizard.problems.value.probe).toBe('')
    wizard.entry.params = { modbus_address: 4 }
    await flushPromises()
    expect(wizard.problems.value.probe).not.toBe('')
  })
})
