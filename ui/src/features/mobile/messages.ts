/** Words of the phone page. */
import { defineMessages } from '@/i18n'

const en = {
  title: 'Phone page', tabs: 'Views', overview: 'Overview', live: 'Live', alarms: 'Alarms', runs: 'Runs', stop: 'Emergency stop', desktop: 'Desktop pages',
  noProject: 'No project is open', device: 'Device', noDevices: 'No devices', noDevicesText: 'Devices are added on the desktop pages.', noFigures: 'no measured values',
  recording: 'Recording: {name}', notRecording: 'Not recording', nAlarms: '{n} alarms', noAlarms: 'No alarms', noAlarmsText: 'Everything is within its limits.', nUnacked: '{n} not acknowledged',
  ack: 'Acknowledge', ackAll: 'Acknowledge all ({n})', acked: 'acknowledged', since: 'since {time}', noRun: 'No run under way', noRunText: 'Runs are started on the desktop pages.', past: 'Finished runs', waiting: 'waits for you',
  install: 'Install as app', installed: 'The page is installed.',
}
const de: Record<keyof typeof en, string> = {
  title: 'Telefonseite', tabs: 'Ansichten', overview: 'Übersicht', live: 'Live', alarms: 'Alarme', runs: 'Läufe', stop: 'Not-Aus', desktop: 'Desktop-Seiten',
  noProject: 'Kein Projekt geöffnet', device: 'Gerät', noDevices: 'Keine Geräte', noDevicesText: 'Geräte fügst du auf den Desktop-Seiten hinzu.', noFigures: 'keine Messwerte',
  recording: 'Aufnahme: {name}', notRecording: 'Keine Aufnahme', nAlarms: '{n} Alarme', noAlarms: 'Keine Alarme', noAlarmsText: 'Alles ist innerhalb seiner Grenzen.', nUnacked: '{n} unquittiert',
  ack: 'Quittieren', ackAll: 'Alle quittieren ({n})', acked: 'quittiert', since: 'seit {time}', noRun: 'Kein Lauf', noRunText: 'Läufe startest du auf den Desktop-Seiten.', past: 'Beendete Läufe', waiting: 'wartet auf dich',
  install: 'Als App installieren', installed: 'Die Seite ist installiert.',
}
export const t = defineMessages('mobile', en, de)
