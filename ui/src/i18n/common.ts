/** Words shared by all pages. */
import { defineMessages, type Translate } from '.'

const en = {
  ok: 'OK', cancel: 'Cancel', close: 'Close', save: 'Save', retry: 'Try again', delete: 'Delete', open: 'Open',
  loading: 'Loading …', failed: 'This could not be loaded.', forbidden: 'You have no permission for this.', broken: 'This part has failed. The rest keeps working.',
  dismiss: 'Dismiss', confirm: 'Confirm', reason: 'Reason', name: 'Name', description: 'Description', optional: 'optional',
  start: 'Start', stop: 'Stop', none: 'none', error: 'Error', warning: 'Warning', info: 'Note', more: 'More', ago: '{time} ago',
  never: 'never', actions: 'Actions', state: 'State', details: 'Details', yes: 'yes', no: 'no', search: 'Search',
  noMatch: 'Nothing matches.', nothing: 'Nothing here yet.', shownOf: '{shown} of {total}', copy: 'Copy', copied: 'Copied', copyFailed: 'The text could not be copied.', brokenPage: 'This page has failed. Everything else keeps working.', edit: 'Edit', add: 'Add', rename: 'Rename', undo: 'Undo',
}
const de: Record<keyof typeof en, string> = {
  ok: 'OK', cancel: 'Abbrechen', close: 'Schließen', save: 'Speichern', retry: 'Erneut versuchen', delete: 'Löschen', open: 'Öffnen',
  loading: 'Lädt …', failed: 'Das ließ sich nicht laden.', forbidden: 'Dafür fehlt dir die Berechtigung.', broken: 'Dieser Teil ist ausgefallen. Der Rest arbeitet weiter.',
  dismiss: 'Ausblenden', confirm: 'Bestätigen', reason: 'Grund', name: 'Name', description: 'Beschreibung', optional: 'freiwillig',
  start: 'Starten', stop: 'Stoppen', none: 'keine', error: 'Fehler', warning: 'Warnung', info: 'Hinweis', more: 'Mehr', ago: 'vor {time}',
  never: 'nie', actions: 'Aktionen', state: 'Zustand', details: 'Einzelheiten', yes: 'ja', no: 'nein', search: 'Suchen',
  noMatch: 'Nichts passt dazu.', nothing: 'Hier ist noch nichts.', shownOf: '{shown} von {total}', copy: 'Kopieren', copied: 'Kopiert', copyFailed: 'Der Text ließ sich nicht kopieren.', brokenPage: 'Diese Seite ist ausgefallen. Alles andere arbeitet weiter.', edit: 'Bearbeiten', add: 'Hinzufügen', rename: 'Umbenennen', undo: 'Rückgängig',
}
export const tc: Translate<keyof typeof en> = defineMessages('common', en, de)
