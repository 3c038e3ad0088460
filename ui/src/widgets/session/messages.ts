import { defineMessages } from '@/i18n'

const en = { title: 'Session', help: 'Starts and stops the recording and sets markers.', name: 'Name of the next session', start: 'Start recording', stop: 'Stop recording', stopText: 'The recording “{name}” ends; its data stay.', recording: 'Recording', idle: 'Not recording', since: 'since {time}', marker: 'Marker', markerText: 'Text of the marker', auto: 'Name with date' }
const de: Record<keyof typeof en, string> = { title: 'Sitzung', help: 'Startet und stoppt die Aufzeichnung und setzt Marken.', name: 'Name der nächsten Sitzung', start: 'Aufzeichnung starten', stop: 'Aufzeichnung stoppen', stopText: 'Die Aufzeichnung „{name}“ endet; ihre Daten bleiben.', recording: 'Zeichnet auf', idle: 'Keine Aufzeichnung', since: 'seit {time}', marker: 'Marke', markerText: 'Text der Marke', auto: 'Name mit Datum' }
export const t = defineMessages('widgetSession', en, de)
