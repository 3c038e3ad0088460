/** Words of the page that shows what is watched. */
import { defineMessages } from '@/i18n'

const en = {
  title: 'What is watched', watched: 'Watched by the file', ofDrivers: 'Limits of the drivers', ofDriversText: 'In force for numbers that the file does not name.', none: 'The file watches nothing yet', noneText: 'Set limits of a value, or write them into the file beside; the example shows how.',
  on: 'on after {time}', off: 'off after {time}', counted: '{n} in {time}', realarm: 'again after {time}', latching: 'latches', when: 'only when {condition}', priority: 'priority {n}', guidance: 'What to do', replaced: 'replaced by the file', toLine: 'Show line {n}', fileText: 'Belongs to this project. What is saved is in force at once; a text with errors changes nothing.', deadband: 'deadband {value}',
  addLimits: 'Set limits', edit: 'Edit', limitsTitle: 'Limits of a value', limitsText: 'An alarm is raised when the value is at or beyond a limit. Leave empty what is not watched.', point: 'Value', choosePoint: 'Choose a value', now: 'now {value}', saveLimits: 'Save limits',
  lolo: 'Too low (critical)', lo: 'Low (warning)', hi: 'High (warning)', hihi: 'Too high (critical)', deadbandField: 'Deadband', delayField: 'Must last for', wrong_point: 'Choose a value.', wrong_number: 'Write plain numbers.', wrong_order: 'The limits must rise from too low to too high.', wrong_none: 'Fill in at least one limit.', unreadable: 'The file cannot be read', unreadableHint: 'Correct its marked lines first; the limits were not set.',
}
const de: Record<keyof typeof en, string> = {
  title: 'Was überwacht wird', watched: 'Durch die Datei überwacht', ofDrivers: 'Grenzen der Treiber', ofDriversText: 'In Kraft für Zahlen, die die Datei nicht nennt.', none: 'Die Datei überwacht noch nichts', noneText: 'Setze Grenzen eines Werts, oder schreibe sie in die Datei daneben; das Beispiel zeigt wie.',
  on: 'ein nach {time}', off: 'aus nach {time}', counted: '{n} in {time}', realarm: 'erneut nach {time}', latching: 'hält', when: 'nur wenn {condition}', priority: 'Priorität {n}', guidance: 'Was tun', replaced: 'durch die Datei ersetzt', toLine: 'Zeile {n} zeigen', fileText: 'Gehört zu diesem Projekt. Gespeichertes gilt sofort; ein Text mit Fehlern ändert nichts.', deadband: 'Hysterese {value}',
  addLimits: 'Grenzen setzen', edit: 'Bearbeiten', limitsTitle: 'Grenzen eines Werts', limitsText: 'Ein Alarm entsteht, wenn der Wert eine Grenze erreicht oder überschreitet. Lass leer, was nicht überwacht wird.', point: 'Wert', choosePoint: 'Wert wählen', now: 'jetzt {value}', saveLimits: 'Grenzen speichern',
  lolo: 'Zu niedrig (kritisch)', lo: 'Niedrig (Warnung)', hi: 'Hoch (Warnung)', hihi: 'Zu hoch (kritisch)', deadbandField: 'Hysterese', delayField: 'Muss andauern', wrong_point: 'Wähle einen Wert.', wrong_number: 'Schreibe einfache Zahlen.', wrong_order: 'Die Grenzen müssen von zu niedrig bis zu hoch steigen.', wrong_none: 'Fülle mindestens eine Grenze aus.', unreadable: 'Die Datei ist nicht lesbar', unreadableHint: 'Verbessere zuerst die markierten Zeilen; die Grenzen wurden nicht gesetzt.',
}
export const t = defineMessages('alarmDefinitions', en, de)
