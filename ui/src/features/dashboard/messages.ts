import { defineMessages } from '@/i18n'

const en = {
  title: 'Dashboard', noDevices: 'No devices yet', noDevicesText: 'Add a device to see its values here.', addDevice: 'Go to devices',
  overview: 'Overview', pages: 'Pages', newPage: 'New page', page: 'Page', pageActions: 'Actions of page {title}', rename: 'Rename', renamePage: 'Rename page', pageName: 'Name of the page', duplicate: 'Duplicate',
  toLeft: 'Move to the left', toRight: 'Move to the right', exportPage: 'Export as a file', importFile: 'Import from a file', deletePage: 'Delete page', layouts: 'Layouts …', customize: 'Customize',
  customizeHint: 'Copies the overview into a page of widgets that you can change.',
  edit: 'Edit', done: 'Done', undo: 'Undo', redo: 'Redo', undoOf: 'Undo: {name}', redoOf: 'Redo: {name}', undone: 'Undone: {name}', redone: 'Redone: {name}', save: 'Save', discard: 'Discard', unsaved: 'Unsaved changes', saved: 'Page saved',
  addWidget: 'Add widget', points: 'Data points', editWidget: 'Edit', editTitle: 'Edit {title}', fullScreen: 'Full screen', leaveFullScreen: 'Leave full screen', exportWidget: 'Export as a file', deleteWidget: 'Delete', widgetMenu: 'Actions of {title}',
  empty: 'This page is empty', emptyText: 'Add widgets: values, charts, switches and more.', emptyEdit: 'Add a widget, or drag a data point onto the page.',
  grip: 'Move or resize {title}', gripHelp: 'Arrow keys move, Shift and arrow keys change the size, Delete removes.', placeOf: '{title}: column {x}, row {y}, {w} wide, {h} high', narrow: 'On a narrow screen widgets stand one below the other. Places and sizes are edited on a wider one.',
  unknown: 'Unknown widget “{type}”', unknownText: 'This program does not know this kind of widget. It is kept as it is.',
  addStep: 'add {title}', editStep: 'edit {title}', moveStep: 'move {title}', deleteStep: 'delete {title}', duplicateStep: 'duplicate {title}', pageStep: 'new page {title}', deletePageStep: 'delete page {title}', renameStep: 'rename page {title}', orderStep: 'order of pages',
  importStep: 'import {title}', loadStep: 'load layout {name}', copyStep: 'save mine as a copy', theirsStep: 'load theirs', discardStep: 'discard changes', restoredStep: 'changes from before the reload',
  deleted: '{title} was deleted.', pageDeleted: 'Page {title} was deleted.', myCopy: '{title} (my copy)', copyOf: '{title} (copy)',
  conflict: 'The pages were changed elsewhere', conflictText: 'Somebody saved them in another tab or on disk while you were editing. Nothing is lost until you decide.', loadTheirs: 'Load theirs', keepMine: 'Keep mine', saveCopy: 'Save mine as a copy',
  restored: 'Your unsaved changes from before the reload are here again.',
  broken: 'The pages of this project cannot be read', brokenText: 'The overview works. Correct the file {file} – it is read again by itself – or begin with empty pages; the present content is kept beside it.', startAnew: 'Begin with empty pages',
  backToOverview: 'Back to the overview', gone: 'This page does not exist any more', goneText: 'It was deleted or renamed.',
}
const de: Record<keyof typeof en, string> = {
  title: 'Übersicht', noDevices: 'Noch keine Geräte', noDevicesText: 'Füge ein Gerät hinzu, dann stehen hier seine Werte.', addDevice: 'Zu den Geräten',
  overview: 'Überblick', pages: 'Seiten', newPage: 'Neue Seite', page: 'Seite', pageActions: 'Aktionen der Seite {title}', rename: 'Umbenennen', renamePage: 'Seite umbenennen', pageName: 'Name der Seite', duplicate: 'Duplizieren',
  toLeft: 'Nach links', toRight: 'Nach rechts', exportPage: 'Als Datei exportieren', importFile: 'Aus Datei importieren', deletePage: 'Seite löschen', layouts: 'Layouts …', customize: 'Anpassen',
  customizeHint: 'Kopiert den Überblick auf eine Seite aus Widgets, die du ändern kannst.',
  edit: 'Bearbeiten', done: 'Fertig', undo: 'Rückgängig', redo: 'Wiederholen', undoOf: 'Rückgängig: {name}', redoOf: 'Wiederholen: {name}', undone: 'Rückgängig gemacht: {name}', redone: 'Wiederholt: {name}', save: 'Speichern', discard: 'Verwerfen', unsaved: 'Nicht gespeichert', saved: 'Seite gespeichert',
  addWidget: 'Widget hinzufügen', points: 'Datenpunkte', editWidget: 'Bearbeiten', editTitle: '{title} bearbeiten', fullScreen: 'Vollbild', leaveFullScreen: 'Vollbild verlassen', exportWidget: 'Als Datei exportieren', deleteWidget: 'Löschen', widgetMenu: 'Aktionen von {title}',
  empty: 'Diese Seite ist leer', emptyText: 'Füge Widgets hinzu: Werte, Kurven, Schalter und mehr.', emptyEdit: 'Füge ein Widget hinzu oder ziehe einen Datenpunkt auf die Seite.',
  grip: '{title} verschieben oder vergrößern', gripHelp: 'Pfeiltasten verschieben, Umschalt mit Pfeiltasten ändert die Größe, Entf löscht.', placeOf: '{title}: Spalte {x}, Zeile {y}, {w} breit, {h} hoch', narrow: 'Auf einem schmalen Bildschirm stehen Widgets untereinander. Plätze und Größen bearbeitest du auf einem breiteren.',
  unknown: 'Unbekanntes Widget „{type}“', unknownText: 'Dieses Programm kennt diese Art von Widget nicht. Es bleibt, wie es ist.',
  addStep: '{title} hinzufügen', editStep: '{title} bearbeiten', moveStep: '{title} verschieben', deleteStep: '{title} löschen', duplicateStep: '{title} duplizieren', pageStep: 'neue Seite {title}', deletePageStep: 'Seite {title} löschen', renameStep: 'Seite {title} umbenennen', orderStep: 'Reihenfolge der Seiten',
  importStep: '{title} importieren', loadStep: 'Layout {name} laden', copyStep: 'meine als Kopie speichern', theirsStep: 'fremde laden', discardStep: 'Änderungen verwerfen', restoredStep: 'Änderungen von vor dem Neuladen',
  deleted: '{title} wurde gelöscht.', pageDeleted: 'Seite {title} wurde gelöscht.', myCopy: '{title} (meine Kopie)', copyOf: '{title} (Kopie)',
  conflict: 'Die Seiten wurden anderswo geändert', conflictText: 'Jemand hat sie in einem anderen Tab oder auf der Platte gespeichert, während du bearbeitet hast. Nichts geht verloren, bis du entscheidest.', loadTheirs: 'Fremde laden', keepMine: 'Meine behalten', saveCopy: 'Meine als Kopie speichern',
  restored: 'Deine nicht gespeicherten Änderungen von vor dem Neuladen sind wieder da.',
  broken: 'Die Seiten dieses Projekts lassen sich nicht lesen', brokenText: 'Der Überblick funktioniert. Korrigiere die Datei {file} – sie wird von selbst neu gelesen – oder beginne mit leeren Seiten; der jetzige Inhalt bleibt daneben erhalten.', startAnew: 'Mit leeren Seiten beginnen',
  backToOverview: 'Zurück zum Überblick', gone: 'Diese Seite gibt es nicht mehr', goneText: 'Sie wurde gelöscht oder umbenannt.',
}
export const t = defineMessages('dashboard', en, de)
