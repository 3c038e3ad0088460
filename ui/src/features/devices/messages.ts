import { defineMessages } from '@/i18n'

const en = {
  title: 'Devices', none: 'No devices yet', noneText: 'Add the first device of this bench.', add: 'Add device', device: 'Device', driver: 'Driver', transport: 'Transport', poll: 'Poll', counters: 'Counters', enable: 'Enabled', connect: 'Connect', disconnect: 'Disconnect', rearm: 'Re-arm', remove: 'Delete',
  removeTitle: 'Delete {id}?', removeText: 'Its outputs are set to the safe state and the device leaves the project. Recorded data stay.', disableTitle: 'Disable {id}?', disableText: 'Its outputs are set to the safe state and polling stops.', disable: 'Disable', toggle: 'Enable or disable {id}',
  chooseDriver: 'Driver', id: 'Id', alias: 'Display name', badId: 'Letters, digits and underscore, beginning with a letter', takenId: 'This id is in use', transportJson: 'Connection (JSON)', badJson: 'No valid JSON object', simulated: 'simulated', notes: 'Nothing is written to the device by adding it.', noTransport: 'none', nDevices: '{n} devices', nTroubled: '{n} need attention',
}
const de: Record<keyof typeof en, string> = {
  title: 'Geräte', none: 'Noch keine Geräte', noneText: 'Füge das erste Gerät dieses Messplatzes hinzu.', add: 'Gerät hinzufügen', device: 'Gerät', driver: 'Treiber', transport: 'Verbindung', poll: 'Abfrage', counters: 'Zähler', enable: 'Aktiv', connect: 'Verbinden', disconnect: 'Trennen', rearm: 'Wieder freigeben', remove: 'Löschen',
  removeTitle: '{id} löschen?', removeText: 'Seine Ausgänge gehen in den sicheren Zustand, das Gerät verlässt das Projekt. Aufgezeichnete Daten bleiben.', disableTitle: '{id} abschalten?', disableText: 'Seine Ausgänge gehen in den sicheren Zustand, die Abfrage endet.', disable: 'Abschalten', toggle: '{id} ein- oder abschalten',
  chooseDriver: 'Treiber', id: 'Id', alias: 'Anzeigename', badId: 'Buchstaben, Ziffern und Unterstrich, am Anfang ein Buchstabe', takenId: 'Diese Id ist vergeben', transportJson: 'Verbindung (JSON)', badJson: 'Kein gültiges JSON-Objekt', simulated: 'simuliert', notes: 'Durch das Hinzufügen wird nichts an das Gerät geschrieben.', noTransport: 'keine', nDevices: '{n} Geräte', nTroubled: '{n} brauchen Aufmerksamkeit',
}
export const t = defineMessages('devices', en, de)
