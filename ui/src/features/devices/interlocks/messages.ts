import { defineMessages } from '@/i18n'

const en = {
  title: 'Interlocks', edit: 'Edit …', none: 'No interlocks yet: conditions that no write, rule or run can get past.', create: 'Write the first', ok: 'ok', tripped: 'tripped', unknown: 'unknown', shelved: 'shelved', since: 'since {time}', until: 'until {time}', by: 'by {who}', denies: 'denies', trips: 'switches off', when: 'when',
  shelve: 'Shelve …', unshelve: 'Put back', shelveTitle: 'Shelve “{id}”?', shelveText: 'For this time it neither denies nor switches off. The reason goes into the audit log.', minutes: 'Minutes', reason: 'Reason (at least 3 letters)', doShelve: 'Shelve',
  editTitle: 'Interlocks of the project', editText: 'They hold whoever writes, also runs and rules. Saving checks the text first; with an error nothing changes.', editor: 'YAML text of the interlocks', saved: 'Interlocks saved and active', conflict: 'Somebody changed the interlocks meanwhile; the newer text is at hand.', takeTheirs: 'Show the newer text', clean: 'No findings', line: 'line {n}', unsaved: 'not saved', count: '{n} interlocks', allOk: 'all ok', details: 'Details',
}
const de: Record<keyof typeof en, string> = {
  title: 'Verriegelungen', edit: 'Bearbeiten …', none: 'Noch keine Verriegelungen: Bedingungen, an denen kein Schreiben, keine Regel und kein Lauf vorbeikommt.', create: 'Die erste schreiben', ok: 'in Ordnung', tripped: 'ausgelöst', unknown: 'unbekannt', shelved: 'ausgesetzt', since: 'seit {time}', until: 'bis {time}', by: 'durch {who}', denies: 'verbietet', trips: 'schaltet ab', when: 'wenn',
  shelve: 'Aussetzen …', unshelve: 'Wieder einsetzen', shelveTitle: '„{id}“ aussetzen?', shelveText: 'So lange verbietet sie nichts und schaltet nichts ab. Der Grund kommt ins Audit-Protokoll.', minutes: 'Minuten', reason: 'Grund (mindestens 3 Zeichen)', doShelve: 'Aussetzen',
  editTitle: 'Verriegelungen des Projekts', editText: 'Sie gelten für alle, die schreiben, auch für Läufe und Regeln. Vor dem Speichern wird geprüft; bei einem Fehler ändert sich nichts.', editor: 'YAML-Text der Verriegelungen', saved: 'Verriegelungen gespeichert und aktiv', conflict: 'Inzwischen hat jemand die Verriegelungen geändert; der neuere Text liegt bereit.', takeTheirs: 'Neueren Text zeigen', clean: 'Keine Befunde', line: 'Zeile {n}', unsaved: 'nicht gespeichert', count: '{n} Verriegelungen', allOk: 'alle in Ordnung', details: 'Einzelheiten',
}
export const t = defineMessages('interlocks', en, de)
