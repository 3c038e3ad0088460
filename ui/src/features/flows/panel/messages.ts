import { defineMessages } from '@/i18n'

const en = {
  noQuantity: 'a value in {unit} is needed, as 1.5 {unit}', wrongUnit: '{unit} does not fit: {wanted} is needed',
  set: 'Set {what}', unset: 'Clear {what}', setMany: 'Set {what} of {n}', addEnd: 'Add an end', addLimit: 'Add a limit', removeItem: 'Remove {what}', moveItem: 'Move {what}', addItem: 'Add {what}', renameItem: 'Rename {what}',
  step: 'Step', action: 'Action', trigger: 'Trigger', check: 'Condition', end: 'End', limit: 'Limit', rule: 'Rule', flow: 'Flow', selected: '{n} selected', mixed: 'different', allSame: 'What they have in common is set for all at once.', nothingCommon: 'They have no field in common.',
  on: 'Switched on', more: 'More', none: 'not set', byDefault: 'default: {value}', example: 'e.g. {value}', required: 'needed', is: '= {value}', range: '{device}: {low} to {high}', aboveRange: '{device} gives at most {high}', belowRange: '{device} gives at least {low}',
  ends: 'Ends when', noEnds: 'No end: the step goes on until something else stops it.', limits: 'Limits in this step', addEndOf: 'Add an end …', addLimitOf: 'Add a limit …', time: 'Time', voltage: 'Voltage', current: 'Current', charge: 'Charge', temperature: 'Temperature', own: 'Expression',
  up: 'Up', down: 'Down', remove: 'Remove', duplicate: 'Duplicate', removeLimit: 'Remove the limit “{title}”?', removeLimitText: 'Nothing watches {what} any more, as far as this flow goes. Limits of the cell and the channel stay.', open: 'Open', back: 'Back to {what}',
  addTrigger: 'Add a trigger …', addCheck: 'Add a condition …', addAction: 'Add an action …', expression: 'expression', empty: 'nothing yet',
  name: 'Name', value: 'Value', low: 'From', high: 'To', add: 'Add', newName: 'New name', measures: 'Figures at its end', parametersOf: 'Parameters', taken: 'this name is taken',
  suggestions: 'Suggestions', problems: 'Findings here', allSteps: 'all steps', pause: 'No form for this: it is edited in the text.', readonly: 'Only to look at', asText: 'One value', asMap: 'From … to …', shape: 'Form of the value', listHint: 'several, with commas between', flowForm: 'The flow itself', unreadable: 'The text cannot be read just now; forms come back with it.',
}
const de: Record<keyof typeof en, string> = {
  noQuantity: 'hier steht ein Wert in {unit}, etwa 1.5 {unit}', wrongUnit: '{unit} passt nicht: gebraucht wird {wanted}',
  set: '{what} setzen', unset: '{what} leeren', setMany: '{what} von {n} setzen', addEnd: 'Ende hinzufügen', addLimit: 'Grenze hinzufügen', removeItem: '{what} entfernen', moveItem: '{what} verschieben', addItem: '{what} hinzufügen', renameItem: '{what} umbenennen',
  step: 'Schritt', action: 'Aktion', trigger: 'Auslöser', check: 'Bedingung', end: 'Ende', limit: 'Grenze', rule: 'Regel', flow: 'Ablauf', selected: '{n} ausgewählt', mixed: 'verschieden', allSame: 'Was sie gemeinsam haben, wird für alle auf einmal gesetzt.', nothingCommon: 'Sie haben kein Feld gemeinsam.',
  on: 'Eingeschaltet', more: 'Mehr', none: 'nicht gesetzt', byDefault: 'üblich: {value}', example: 'z. B. {value}', required: 'wird gebraucht', is: '= {value}', range: '{device}: {low} bis {high}', aboveRange: '{device} gibt höchstens {high}', belowRange: '{device} gibt mindestens {low}',
  ends: 'Endet bei', noEnds: 'Kein Ende: der Schritt läuft, bis etwas anderes ihn beendet.', limits: 'Grenzen in diesem Schritt', addEndOf: 'Ende hinzufügen …', addLimitOf: 'Grenze hinzufügen …', time: 'Zeit', voltage: 'Spannung', current: 'Strom', charge: 'Ladung', temperature: 'Temperatur', own: 'Ausdruck',
  up: 'Nach oben', down: 'Nach unten', remove: 'Entfernen', duplicate: 'Verdoppeln', removeLimit: 'Die Grenze „{title}“ entfernen?', removeLimitText: 'Dieser Ablauf überwacht {what} dann nicht mehr. Die Grenzen von Zelle und Kanal bleiben.', open: 'Öffnen', back: 'Zurück zu {what}',
  addTrigger: 'Auslöser hinzufügen …', addCheck: 'Bedingung hinzufügen …', addAction: 'Aktion hinzufügen …', expression: 'Ausdruck', empty: 'noch nichts',
  name: 'Name', value: 'Wert', low: 'Von', high: 'Bis', add: 'Hinzufügen', newName: 'Neuer Name', measures: 'Größen am Ende', parametersOf: 'Parameter', taken: 'diesen Namen gibt es schon',
  suggestions: 'Vorschläge', problems: 'Befunde hier', allSteps: 'alle Schritte', pause: 'Hierfür gibt es kein Formular: Es wird im Text bearbeitet.', readonly: 'Nur zum Ansehen', asText: 'Ein Wert', asMap: 'Von … bis …', shape: 'Form des Wertes', listHint: 'mehrere, mit Komma dazwischen', flowForm: 'Der Ablauf selbst', unreadable: 'Der Text ist gerade nicht lesbar; mit ihm kommen die Formulare wieder.',
}
export const tp = defineMessages('flowPanel', en, de)
