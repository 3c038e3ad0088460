import { defineMessages } from '@/i18n'

const en = {
  title: 'Quick add', place: 'What to add', hint: 'cc 1.5a 4.2v, r 30m, 3x', into_step: 'into the sequence', into_action: 'into the actions', into_rule: 'into the rules', into_limit: 'into the limits', into_end: 'into the ends of the step', into_trigger: 'into the triggers', into_check: 'into the conditions',
  will: 'Will be added', matches: 'Matches', none: 'Nothing fits', keys: 'Enter adds · Shift+Enter adds and goes on · ↑↓ chooses · Esc closes', added: 'Added: {what}', wrapped: 'Repeats {n} ×',
  p_unknown: '“{word}” is not known here', p_number: '“{word}” does not fit here', p_missing: '{word}: something is missing behind it', p_place: '“{word}” cannot stand here', p_empty: 'Nothing to repeat', stepAdd: 'Add {what}', around: 'Repeat what is selected {n} ×', aroundAll: 'Repeat all steps {n} ×', group: 'Steps, rules and limits', k_add: 'Add behind what is selected', k_up: 'Move up', k_down: 'Move down', k_double: 'Duplicate', k_off: 'Switch off and on', k_remove: 'Remove', k_copy: 'Copy as YAML', k_cut: 'Cut', k_paste: 'Paste', k_all: 'Select all of the list', k_enter: 'To the details', k_figure: 'Change a number (table)',
}
const de: Record<keyof typeof en, string> = {
  title: 'Schnell hinzufügen', place: 'Was hinzukommt', hint: 'cc 1.5a 4.2v, r 30m, 3x', into_step: 'in die Sequenz', into_action: 'in die Aktionen', into_rule: 'in die Regeln', into_limit: 'in die Grenzen', into_end: 'in die Enden des Schritts', into_trigger: 'in die Auslöser', into_check: 'in die Bedingungen',
  will: 'Kommt hinzu', matches: 'Treffer', none: 'Nichts passt', keys: 'Enter fügt ein · Umschalt+Enter fügt ein und bleibt · ↑↓ wählt · Esc schließt', added: 'Hinzugefügt: {what}', wrapped: 'Wiederholt {n} ×',
  p_unknown: '„{word}“ ist hier nicht bekannt', p_number: '„{word}“ passt hier nicht', p_missing: '{word}: dahinter fehlt etwas', p_place: '„{word}“ kann hier nicht stehen', p_empty: 'Nichts zu wiederholen', stepAdd: '{what} hinzufügen', around: 'Auswahl {n} × wiederholen', aroundAll: 'Alle Schritte {n} × wiederholen', group: 'Schritte, Regeln und Grenzen', k_add: 'Hinter der Auswahl einfügen', k_up: 'Nach oben', k_down: 'Nach unten', k_double: 'Verdoppeln', k_off: 'Aus- und einschalten', k_remove: 'Entfernen', k_copy: 'Als YAML kopieren', k_cut: 'Ausschneiden', k_paste: 'Einfügen', k_all: 'Die ganze Liste auswählen', k_enter: 'Zu den Einzelheiten', k_figure: 'Zahl ändern (Tabelle)',
}
export const t = defineMessages('flowQuick', en, de)
