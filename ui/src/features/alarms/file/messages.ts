/** Words of the editor of files about alarms. */
import { defineMessages } from '@/i18n'

const en = {
  notInForce: 'The file has errors: the last good version stays in force.', toFile: 'Show the errors', saved: 'Saved and in force', unsaved: 'not saved', discard: 'Discard changes', editor: 'YAML text of {file}', file: 'File',
}
const de: Record<keyof typeof en, string> = {
  notInForce: 'Die Datei hat Fehler: Die letzte gute Fassung bleibt in Kraft.', toFile: 'Fehler zeigen', saved: 'Gespeichert und in Kraft', unsaved: 'nicht gespeichert', discard: 'Änderungen verwerfen', editor: 'YAML-Text von {file}', file: 'Datei',
}
export const t = defineMessages('alarmFile', en, de)
