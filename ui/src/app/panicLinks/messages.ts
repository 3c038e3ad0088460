import { defineMessages } from '@/i18n'

const en = {
  closing: 'Connections are closed in {seconds} s. Keep them to go on measuring.', keep: 'Keep connected', closeNow: 'Close now',
  closed: 'Connections closed: {devices}. Re-arming connects them again.', noneClosed: 'No connection was closed: nothing is proven off.',
  open: 'Connections stay open.',
}
const de: Record<keyof typeof en, string> = {
  closing: 'In {seconds} s werden die Verbindungen getrennt. Behalte sie, um weiter zu messen.', keep: 'Verbunden bleiben', closeNow: 'Jetzt trennen',
  closed: 'Verbindungen getrennt: {devices}. Beim Freigeben werden sie wieder aufgebaut.', noneClosed: 'Keine Verbindung wurde getrennt: nichts ist nachweislich aus.',
  open: 'Die Verbindungen bleiben offen.',
}
export const t = defineMessages('panicLinks', en, de)
