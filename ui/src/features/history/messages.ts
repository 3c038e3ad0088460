import { defineMessages } from '@/i18n'

const en = {
  title: 'History', sessions: 'Sessions', none: 'No recordings yet', noneText: 'Start a recording in the header; it appears here.', started: 'Started', duration: 'Duration', conditions: 'Conditions', rows: 'Rows', running: 'running', completed: 'completed', interrupted: 'interrupted', find: 'Find name or condition', choose: 'Choose a session to see its curves.',
  device: 'Device', chartOf: 'Curves of {device}', noData: 'This session has no values of this device.', export: 'Export', exportTitle: 'Export “{name}”', format: 'Format', dialect: 'Number format', en: '1,234.5 and comma as separator', de: '1.234,5 and semicolon as separator', exported: '{file} is ready', exports: 'Exports', noExports: 'No exports yet', file: 'File', size: 'Size', created: 'Created', download: 'Download', remove: 'Delete', removeSession: 'Delete session', removeText: 'All recorded values of “{name}” are deleted for good.', allDevices: 'All devices', values: 'Values',
}
const de: Record<keyof typeof en, string> = {
  title: 'Verlauf', sessions: 'Sitzungen', none: 'Noch keine Aufnahmen', noneText: 'Starte eine Aufnahme oben in der Kopfzeile; sie erscheint hier.', started: 'Begonnen', duration: 'Dauer', conditions: 'Bedingungen', rows: 'Zeilen', running: 'läuft', completed: 'abgeschlossen', interrupted: 'unterbrochen', find: 'Name oder Bedingung suchen', choose: 'Wähle eine Sitzung, um ihre Kurven zu sehen.',
  device: 'Gerät', chartOf: 'Kurven von {device}', noData: 'Diese Sitzung hat keine Werte dieses Geräts.', export: 'Exportieren', exportTitle: '„{name}“ exportieren', format: 'Format', dialect: 'Zahlenformat', en: '1,234.5 und Komma als Trenner', de: '1.234,5 und Semikolon als Trenner', exported: '{file} ist fertig', exports: 'Exporte', noExports: 'Noch keine Exporte', file: 'Datei', size: 'Größe', created: 'Erstellt', download: 'Herunterladen', remove: 'Löschen', removeSession: 'Sitzung löschen', removeText: 'Alle aufgezeichneten Werte von „{name}“ werden endgültig gelöscht.', allDevices: 'Alle Geräte', values: 'Werte',
}
export const t = defineMessages('history', en, de)
