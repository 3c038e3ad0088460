/** The short name of each verb. */
import { defineMessages } from '@/i18n'

const en = {
  charge: 'Charge', discharge: 'Discharge', rest: 'Rest', precharge: 'Pre-charge', ramp: 'Ramp', profile: 'Profile', soak: 'Soak', dcir: 'DC resistance', pulse: 'Pulse', contact_check: 'Contact check', cross_check: 'Meter comparison', connect: 'Connect', disconnect: 'Disconnect',
  repeat: 'Repeat', loop: 'Repeat', if: 'If', parallel: 'Parallel', label: 'Label', goto: 'Go to', call: 'Call a flow', wait: 'Wait', wait_for: 'Wait for', prompt: 'Ask a person', sync: 'Meet other runs', marker: 'Marker', log: 'Log', notify: 'Notify', alarm: 'Alarm', export: 'Export', session: 'Recording', event: 'Event', http: 'Web request', publish: 'Publish', mqtt: 'MQTT message', webhook: 'Webhook',
  set: 'Set a value', variables: 'Variables', script: 'Script', run: 'Run', rule: 'Rule', other_rule: 'Another rule', stop_run: 'Stop the run', safe_state: 'Safe state', panic: 'All off', expr: 'Expression', threshold: 'Threshold', schedule: 'Schedule', stale: 'No value', device: 'Device state', change: 'Change', startup: 'Start of the project', manual: 'By hand', limit: 'Limit', end: 'End', all: 'All of', any: 'Any of', not: 'Not', state: 'State', time: 'Time of day',
}
const de: Record<keyof typeof en, string> = {
  charge: 'Laden', discharge: 'Entladen', rest: 'Ruhe', precharge: 'Vorladen', ramp: 'Rampe', profile: 'Profil', soak: 'Temperieren', dcir: 'Innenwiderstand', pulse: 'Puls', contact_check: 'Kontaktprüfung', cross_check: 'Messgeräte-Vergleich', connect: 'Verbinden', disconnect: 'Trennen',
  repeat: 'Wiederholen', loop: 'Wiederholen', if: 'Falls', parallel: 'Gleichzeitig', label: 'Marke', goto: 'Weiter bei', call: 'Ablauf aufrufen', wait: 'Warten', wait_for: 'Warten auf', prompt: 'Person fragen', sync: 'Auf Läufe warten', marker: 'Marker', log: 'Protokoll', notify: 'Benachrichtigen', alarm: 'Alarm', export: 'Export', session: 'Aufnahme', event: 'Ereignis', http: 'Web-Anfrage', publish: 'Veröffentlichen', mqtt: 'MQTT-Nachricht', webhook: 'Webhook',
  set: 'Wert setzen', variables: 'Variablen', script: 'Skript', run: 'Lauf', rule: 'Regel', other_rule: 'Andere Regel', stop_run: 'Lauf beenden', safe_state: 'Sicherer Zustand', panic: 'Alles aus', expr: 'Ausdruck', threshold: 'Schwelle', schedule: 'Zeitplan', stale: 'Kein Wert', device: 'Gerätezustand', change: 'Änderung', startup: 'Projektstart', manual: 'Von Hand', limit: 'Grenze', end: 'Ende', all: 'Alle', any: 'Eine von', not: 'Nicht', state: 'Zustand', time: 'Uhrzeit',
}
const say = defineMessages('flowVerbs', en, de)

export const t = (verb: string): string => (Object.hasOwn(en, verb) ? say(verb as keyof typeof en) : verb.replaceAll('_', ' '))
