/** Transports as words and icons. */
import { mdiAccessPoint, mdiBluetooth, mdiCubeOutline, mdiLan, mdiSerialPort, mdiUsb } from '@mdi/js'
import { textOr } from '@/i18n'
import { t } from './messages'

const KNOWN = ['serial', 'tcp', 'udp', 'visa', 'hid', 'ble', 'mqtt', 'ads', 'can', 'virtual']
export const TRANSPORT_ICONS: Record<string, string> = { serial: mdiSerialPort, tcp: mdiLan, udp: mdiLan, visa: mdiAccessPoint, hid: mdiUsb, ble: mdiBluetooth, virtual: mdiCubeOutline }
export const transportName = (name: string): string => textOr(t, name, KNOWN)
