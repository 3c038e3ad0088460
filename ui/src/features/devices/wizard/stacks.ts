/** What can be set on transports and framings beside the main fields; names and defaults are the server's. */
import { textOr } from '@/i18n'
import { fieldsOf, schemaFor, type Field, type Values } from '@/kit/schema/fields'
import { t } from './messages'

const NAMED = ['f_bytesize', 'f_parity', 'f_stopbits', 'f_timeout_s', 'f_retries', 'f_delimiter', 'f_send', 'f_connect_timeout_s']
type Node = Record<string, unknown>
const seconds = (initial: number) => ({ type: 'number', default: initial, exclusiveMinimum: 0, maximum: 60 })
const text = (initial: string, help = '') => ({ type: 'string', default: initial, maxLength: 64, description: help })
const whole = (initial: number, minimum: number, maximum: number) => ({ type: 'integer', default: initial, minimum, maximum })
const modbus = { timeout_s: seconds(0.5), retries: whole(1, 0, 5) }

const FRAMINGS: Record<string, Node> = {
  modbus_rtu: modbus,
  modbus_tcp: modbus,
  delimiter: { delimiter: text('\\n'), send: { anyOf: [text(''), { type: 'null' }], default: null }, timeout_s: seconds(1) },
}
const TRANSPORTS: Record<string, Node> = {
  serial: { bytesize: { enum: [8, 7, 6, 5], default: 8 }, parity: { enum: ['N', 'E', 'O'], default: 'N' }, stopbits: { enum: [1, 2], default: 1 } },
  tcp: { connect_timeout_s: seconds(3) },
}
/** Set by their own controls, not in the advanced part. */
export const MAIN: Record<string, string[]> = { serial: ['port', 'baudrate', 'port_hint'], tcp: ['host', 'port'], visa: ['resource'] }

/** Control characters as they are typed: `\n`. */
function typed(value: unknown): unknown {
  return typeof value === 'string' ? JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll('\\\\', '\\') : value
}

function described(known: Node, defaults: Values, main: string[]): Field[] {
  const more = Object.fromEntries(Object.entries(defaults).filter(([key]) => !main.includes(key)))
  const own = Object.fromEntries(Object.entries(more).map(([key, value]) => [key, typed(value)]))
  const extra = schemaFor(own).properties as Record<string, Node>
  const properties: Record<string, Node> = { ...extra }
  for (const [key, schema] of Object.entries(known)) properties[key] = { ...(schema as Node), ...(key in own ? { default: own[key] } : {}), title: textOr(t, `f_${key}`, NAMED) }
  return fieldsOf({ type: 'object', properties })
}

export const transportFields = (name: string, defaults: Values): Field[] => described(TRANSPORTS[name] ?? {}, defaults, MAIN[name] ?? [])
export const framingFields = (name: string, defaults: Values): Field[] => described(FRAMINGS[name] ?? {}, defaults, [])

export const BAUDRATES = [1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600]

/** Usual ports of instruments, where the server tells none. */
export const TCP_PORTS = [
  { port: 5025, service: 'SCPI', scan: true }, { port: 502, service: 'Modbus TCP', scan: true }, { port: 23, service: 'Telnet SCPI', scan: true }, { port: 1883, service: 'MQTT', scan: false },
  { port: 7125, service: 'Moonraker', scan: false }, { port: 48_898, service: 'ADS', scan: false }, { port: 1000, service: 'TCP', scan: false }, { port: 3000, service: 'TCP', scan: false },
]

/** When the link is lost while an output is on. */
export const SAFETY_FIELDS = (title: { policy: string; group: string; watchdog: string }, help: { policy: string; group: string; watchdog: string }): Field[] =>
  fieldsOf({
    type: 'object',
    properties: {
      on_comm_loss: { enum: ['safe', 'hold'], default: 'safe', title: title.policy, description: help.policy },
      safe_group: { type: 'string', default: '', maxLength: 64, title: title.group, description: help.group },
      watchdog_s: { anyOf: [{ type: 'number', exclusiveMinimum: 0, maximum: 3600 }, { type: 'null' }], default: null, title: title.watchdog, description: help.watchdog },
    },
  })
