import { defineMessages } from '@/i18n'

const en = {
  add: 'Add widget', editTitle: 'Edit {title}', kind: 'Widget', source: 'Source', look: 'Look', stepOf: 'Step {n} of {all}', next: 'Next', back: 'Back', finish: 'Add to the page', apply: 'Apply',
  searchKinds: 'Search widgets', kinds: 'Kinds of widgets', noKinds: 'No widget matches.', searchPoints: 'Search by device, name or unit', pointsOf: 'Data points for {slot}', noPoints: 'No data point matches.', more: '{n} more; search to find them.',
  needed: 'Choose: {slot}', device: 'Device', channel: 'Channel', flow: 'Flow', choose: 'Choose …', notThere: '{source} (not there)', optional: 'optional', preview: 'Preview', title: 'Title', titleHelp: 'Empty takes the name of what it shows.',
  chosen: '{n} chosen', remove: 'Remove {source}', order: 'Chosen, in this order', pickKind: 'Choose a kind of widget.', noOptions: 'This widget has no options.', unknown: 'Nothing to choose here yet.',
}
const de: Record<keyof typeof en, string> = {
  add: 'Widget hinzufügen', editTitle: '{title} bearbeiten', kind: 'Widget', source: 'Quelle', look: 'Aussehen', stepOf: 'Schritt {n} von {all}', next: 'Weiter', back: 'Zurück', finish: 'Auf die Seite', apply: 'Übernehmen',
  searchKinds: 'Widgets suchen', kinds: 'Arten von Widgets', noKinds: 'Kein Widget passt.', searchPoints: 'Suche nach Gerät, Name oder Einheit', pointsOf: 'Datenpunkte für {slot}', noPoints: 'Kein Datenpunkt passt.', more: '{n} weitere; suche, um sie zu finden.',
  needed: 'Wähle: {slot}', device: 'Gerät', channel: 'Kanal', flow: 'Ablauf', choose: 'Wähle …', notThere: '{source} (nicht da)', optional: 'freiwillig', preview: 'Vorschau', title: 'Titel', titleHelp: 'Leer nimmt den Namen dessen, was es zeigt.',
  chosen: '{n} gewählt', remove: '{source} entfernen', order: 'Gewählt, in dieser Reihenfolge', pickKind: 'Wähle eine Art von Widget.', noOptions: 'Dieses Widget hat keine Einstellungen.', unknown: 'Hier gibt es noch nichts zu wählen.',
}
export const t = defineMessages('widgetWizard', en, de)
