import { defineMessages } from '@/i18n'

const en = {
  grid: 'Steps, limits and rules as a table', number: '#', on: 'On', step: 'Step', mode: 'Mode', current: 'Current', level: 'Voltage, power', duration: 'At most', ends: 'Ends', notes: 'Notes',
  limits: 'Limits', limitsText: 'watched on every sample', sequence: 'Sequence', finally: 'Finally', finallyText: 'also after a fault or an abort', rules: 'Rules', first: 'Add the first step', firstKey: 'press / and type', addStep: 'Add a step', addLimit: 'Add a limit', addRule: 'Add a rule', addHere: 'Add here',
  when: 'when', if: 'if', then: 'then', else: 'else', branch: 'branch {n}', always: 'always', run: 'while this flow runs', during: 'during {steps}', switchOn: 'Switch on {what}', switchOff: 'Switch off {what}', isOff: 'switched off', set: 'Set {what} to {value}', edit: 'Edit {what}', badNumber: '“{text}” is no number with a unit', errors: 'Error', warnings: 'Warning', moved: '{name}. Row {at} of {n}.', keys: 'F2 edits a number · Enter opens the details · Alt+↑↓ moves · Esc leaves', 
}
const de: Record<keyof typeof en, string> = {
  grid: 'Schritte, Grenzen und Regeln als Tabelle', number: '#', on: 'Ein', step: 'Schritt', mode: 'Betrieb', current: 'Strom', level: 'Spannung, Leistung', duration: 'Höchstens', ends: 'Enden', notes: 'Hinweise',
  limits: 'Grenzen', limitsText: 'bei jedem Messwert überwacht', sequence: 'Sequenz', finally: 'Zum Schluss', finallyText: 'auch nach Störung oder Abbruch', rules: 'Regeln', first: 'Ersten Schritt hinzufügen', firstKey: '/ drücken und tippen', addStep: 'Schritt hinzufügen', addLimit: 'Grenze hinzufügen', addRule: 'Regel hinzufügen', addHere: 'Hier hinzufügen',
  when: 'wenn', if: 'falls', then: 'dann', else: 'sonst', branch: 'Zweig {n}', always: 'immer', run: 'während dieser Ablauf läuft', during: 'während {steps}', switchOn: '{what} einschalten', switchOff: '{what} ausschalten', isOff: 'ausgeschaltet', set: '{what} auf {value} setzen', edit: '{what} bearbeiten', badNumber: '„{text}“ ist keine Zahl mit Einheit', errors: 'Fehler', warnings: 'Warnung', moved: '{name}. Zeile {at} von {n}.', keys: 'F2 ändert eine Zahl · Enter öffnet die Einzelheiten · Alt+↑↓ verschiebt · Esc verlässt', 
}
export const t = defineMessages('flowTable', en, de)
