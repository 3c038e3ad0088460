import { defineMessages } from '@/i18n'

const en = {
  title: 'Log', help: 'What happens: alarms, steps, rules, writes of people, devices, scripts.', about: 'Only about', all: 'Everything', alarms: 'Alarms', runs: 'Runs and steps', rules: 'Rules', devices: 'Devices', scripts: 'Scripts', session: 'Sessions and markers', filter: 'Only lines with this text', none: 'Nothing happened yet', noneText: 'What happens from now on stands here.',
  alarm: 'Alarm {what}: {text}', marker: 'Marker: {text}', markerGone: 'Marker removed: {text}', sessionOn: 'Recording started: {text}', sessionOff: 'Recording ended: {text}', device: '{device}: {text}', rule: 'Rule {text}', step: 'Step {text}', cycle: 'Cycle {text} done', asks: 'The run asks: {text}', script: 'Script {text}', panic: 'All off pressed', rearmed: 'Released after All off', mode: 'Mode {text}', flow: 'Flow {text} changed', message: 'Message: {text}', interlock: 'Interlock {text}', other: '{name}',
}
const de: Record<keyof typeof en, string> = {
  title: 'Protokoll', help: 'Was geschieht: Alarme, Schritte, Regeln, Geräte, Skripte.', about: 'Nur über', all: 'Alles', alarms: 'Alarme', runs: 'Läufe und Schritte', rules: 'Regeln', devices: 'Geräte', scripts: 'Skripte', session: 'Sitzungen und Marken', filter: 'Nur Zeilen mit diesem Text', none: 'Noch ist nichts geschehen', noneText: 'Was ab jetzt geschieht, steht hier.',
  alarm: 'Alarm {what}: {text}', marker: 'Marke: {text}', markerGone: 'Marke entfernt: {text}', sessionOn: 'Aufzeichnung begonnen: {text}', sessionOff: 'Aufzeichnung beendet: {text}', device: '{device}: {text}', rule: 'Regel {text}', step: 'Schritt {text}', cycle: 'Zyklus {text} fertig', asks: 'Der Lauf fragt: {text}', script: 'Skript {text}', panic: 'Alles aus gedrückt', rearmed: 'Nach Alles aus freigegeben', mode: 'Modus {text}', flow: 'Ablauf {text} geändert', message: 'Nachricht: {text}', interlock: 'Verriegelung {text}', other: '{name}',
}
export const t = defineMessages('widgetLog', en, de)
