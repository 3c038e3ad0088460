/** Short texts about a device for the table. */
import type { Device } from '@/api/types'

/** `serial /dev/ttyUSB0 9600` from whatever the transport holds; secrets are never shown. */
export function transportText(transport: Record<string, unknown>): string {
  const { kind, type, port, host, baudrate, ...rest } = transport
  const name = kind ?? type ?? Object.keys(rest)[0]
  const place = host ? `${String(host)}${port ? `:${String(port)}` : ''}` : port
  return [name, place, baudrate].filter((part) => part !== undefined && part !== null && part !== '').join(' ')
}

/** The next free `<DRIVER>_<n>` in capitals. */
export function suggestId(driver: string, taken: string[]): string {
  const stem = driver.toUpperCase().replace(/[^A-Z0-9]+/g, '_')
  for (let number = 1; ; number += 1) {
    const id = `${stem}_${number}`
    if (!taken.includes(id)) return id
  }
}

/** Whether something at the device can be switched or set: then its safety matters. */
export function hasOutputs(device: Device): boolean {
  return device.entities.some((entity) => entity.access !== 'RO' && (typeof entity.safe === 'string' ? entity.safe : entity.safe?.action) === 'write')
}

export type DeviceChoice = 'all' | 'ok' | 'trouble' | 'off'

/** Where a device belongs in the filter of the list. */
export function standingOf(device: Device): Exclude<DeviceChoice, 'all'> {
  if (!device.enabled || device.state === 'disabled') return 'off'
  if (device.needs_rearm || ['offline', 'error', 'degraded'].includes(device.state)) return 'trouble'
  return 'ok'
}

/** Every word must occur in name, id, driver, place or connection. */
export function isFound(device: Device, words: string): boolean {
  const text = [device.id, device.alias, device.driver, device.category, device.location, device.description, transportText(device.transport), device.hint].join(' ').toLowerCase()
  return words.toLowerCase().split(/\s+/).filter(Boolean).every((word) => text.includes(word))
}
