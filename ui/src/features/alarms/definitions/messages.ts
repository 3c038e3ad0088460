/** Words of the page that shows what is watched. */
import { defineMessages } from '@/i18n'

const en = {
  title: 'What is watched', watched: 'Watched by the file', ofDrivers: 'Limits of the drivers', ofDriversText: 'In force for numbers that the file does not name.', what: 'What', limit: 'Limit', delays: 'Delays', more: 'More', none: 'The file watches nothing yet', noneText: 'Write a point with its limits into the file beside; the example shows how.',
  on: 'on after {time}', off: 'off after {time}', counted: '{n} in {time}', realarm: 'again after {time}', latching: 'latches', when: 'only when {condition}', priority: 'priority {n}', guidance: 'What to do', replaced: 'replaced by the file', toLine: 'Show line {n}', fileText: 'Belongs to this project. What is saved is in force at once; a text with errors changes nothing.', deadband: 'deadband {value}',
}
const de: Record<keyof typeof en, string> = {
  title: 'Was überwacht wird', watched: 'Durch die Datei überwacht', ofDrivers: 'Grenzen der Treiber', ofDriversText: 'In Kraft für Zahlen, die die Datei nicht nennt.', what: 'Was', limit: 'Grenze', delays: 'Verzögerung', more: 'Weiteres', none: 'Die Datei überwacht noch nichts', noneText: 'Schreibe einen Messpunkt mit seinen Grenzen in die Datei daneben; das Beispiel zeigt wie.',
  on: 'ein nach {time}', off: 'aus nach {time}', counted: '{n} in {time}', realarm: 'erneut nach {time}', latching: 'hält', when: 'nur wenn {condition}', priority: 'Priorität {n}', guidance: 'Was tun', replaced: 'durch die Datei ersetzt', toLine: 'Zeile {n} zeigen', fileText: 'Gehört zu diesem Projekt. Gespeichertes gilt sofort; ein Text mit Fehlern ändert nichts.', deadband: 'Hysterese {value}',
}
export const t = defineMessages('alarmDefinitions', en, de)
