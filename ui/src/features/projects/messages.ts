import { defineMessages } from '@/i18n'

const en = {
  title: 'Choose a project', text: 'A project holds devices, flows, recordings and alarms of one bench.', open: 'Open', opened: 'Open now', lastOpened: 'Last opened {time}', neverOpened: 'Not opened yet',
  create: 'New project', duplicate: 'Duplicate', duplicateTitle: 'Duplicate “{name}”', duplicateText: 'Devices, flows, channels, cells and scripts are copied; recorded data is not.', copyOf: '{name} copy', demo: 'Demo', demoHint: 'Comes with the product; virtual devices only', none: 'No projects yet',
  noneText: 'Create the first one, or bring one in from a zip file.', name: 'Name', description: 'Description', close: 'Back to {name}', opening: 'Opening …', find: 'Find a project', noMatch: 'No project matches “{word}”.',
  edit: 'Rename or describe', editTitle: 'Rename “{name}”', download: 'Download as zip', remove: 'Delete …', removeTitle: 'Delete “{name}”?', removeText: 'Devices, flows and all recorded data of the project are deleted for good. Type its name to confirm.', removeName: 'Name of the project', removed: '“{name}” is deleted.',
  isOpen: 'Close it first', isShipped: 'Comes with the product', closeIt: 'Close project', closeTitle: 'Close “{name}”?', closeText: 'Outputs go to their safe state, runs end, and the recording is completed.',
  bringIn: 'Import', bringInHint: 'A zip file that “Download as zip” made, here or elsewhere', broughtIn: '“{name}” is here.', drop: 'Drop a zip file to import it', notZip: 'This is no zip file: {name}', importing: 'Importing {name} …',
  more: 'More for {name}', broken: 'Cannot be opened', brokenText: 'The folder is left as it is. Correct its files, then look again.', lookAgain: 'Look again',
}
const de: Record<keyof typeof en, string> = {
  title: 'Projekt wählen', text: 'Ein Projekt enthält Geräte, Abläufe, Aufnahmen und Alarme eines Messplatzes.', open: 'Öffnen', opened: 'Geöffnet', lastOpened: 'Zuletzt geöffnet {time}', neverOpened: 'Noch nie geöffnet',
  create: 'Neues Projekt', duplicate: 'Duplizieren', duplicateTitle: '„{name}“ duplizieren', duplicateText: 'Geräte, Abläufe, Kanäle, Zellen und Skripte werden kopiert; aufgenommene Daten nicht.', copyOf: '{name} Kopie', demo: 'Demo', demoHint: 'Gehört zum Produkt; nur virtuelle Geräte', none: 'Noch keine Projekte',
  noneText: 'Lege das erste an oder hole eines aus einer Zip-Datei.', name: 'Name', description: 'Beschreibung', close: 'Zurück zu {name}', opening: 'Öffnet …', find: 'Projekt suchen', noMatch: 'Kein Projekt passt zu „{word}“.',
  edit: 'Umbenennen oder beschreiben', editTitle: '„{name}“ umbenennen', download: 'Als Zip herunterladen', remove: 'Löschen …', removeTitle: '„{name}“ löschen?', removeText: 'Geräte, Abläufe und alle aufgenommenen Daten des Projekts werden endgültig gelöscht. Zum Bestätigen den Namen eintippen.', removeName: 'Name des Projekts', removed: '„{name}“ ist gelöscht.',
  isOpen: 'Erst schließen', isShipped: 'Gehört zum Produkt', closeIt: 'Projekt schließen', closeTitle: '„{name}“ schließen?', closeText: 'Ausgänge gehen in ihren sicheren Zustand, Läufe enden, die Aufnahme wird abgeschlossen.',
  bringIn: 'Importieren', bringInHint: 'Eine Zip-Datei, die „Als Zip herunterladen“ hier oder anderswo gemacht hat', broughtIn: '„{name}“ ist da.', drop: 'Zip-Datei zum Importieren hier ablegen', notZip: 'Das ist keine Zip-Datei: {name}', importing: 'Importiert {name} …',
  more: 'Mehr zu {name}', broken: 'Lässt sich nicht öffnen', brokenText: 'Der Ordner bleibt, wie er ist. Dateien richtigstellen, dann erneut nachsehen.', lookAgain: 'Erneut nachsehen',
}
export const t = defineMessages('projects', en, de)
