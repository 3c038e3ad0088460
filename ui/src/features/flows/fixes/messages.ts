import { defineMessages } from '@/i18n'

const en = {
  rename: 'Write “{to}”', quote: 'Quote the expressions', addTimeEnd: 'Add a time end (4 h, fail)', addMax: 'Follow it at most 3 times', addKey: 'Add {key}: {value}', newId: 'Rename to “{to}”', absCurrent: 'Write abs(current)', useChannel: 'Write {part} instead of {device}', put: '{key}: {value}', removeKey: 'Remove {key}', removeNode: 'Remove “{title}”', setTo: 'Set {key} to {value}', asCelsius: 'Write it in °C', addHead: 'Add {key}: {value} to the flow',
  title: 'Findings', clean: 'No findings', checking: 'Checking …', errors: '{n} errors', error1: '1 error', warnings: '{n} warnings', warning1: '1 warning', infos: '{n} hints', info1: '1 hint', flow: 'The flow', line: 'line {n}', next: 'Next finding', previous: 'Previous finding', jumpTo: 'Show in the text', at: 'Finding {n} of {total}: {text}', keys: 'F8 next, Shift+F8 previous',
}
const de: Record<keyof typeof en, string> = {
  rename: '„{to}“ schreiben', quote: 'Ausdrücke in Anführungszeichen', addTimeEnd: 'Ende nach Zeit hinzufügen (4 h, fail)', addMax: 'Höchstens 3-mal folgen', addKey: '{key}: {value} hinzufügen', newId: 'In „{to}“ umbenennen', absCurrent: 'abs(current) schreiben', useChannel: '{part} statt {device} schreiben', put: '{key}: {value}', removeKey: '{key} entfernen', removeNode: '„{title}“ entfernen', setTo: '{key} auf {value} setzen', asCelsius: 'In °C schreiben', addHead: '{key}: {value} im Ablauf ergänzen',
  title: 'Befunde', clean: 'Keine Befunde', checking: 'Prüft …', errors: '{n} Fehler', error1: '1 Fehler', warnings: '{n} Warnungen', warning1: '1 Warnung', infos: '{n} Hinweise', info1: '1 Hinweis', flow: 'Der Ablauf', line: 'Zeile {n}', next: 'Nächster Befund', previous: 'Vorheriger Befund', jumpTo: 'Im Text zeigen', at: 'Befund {n} von {total}: {text}', keys: 'F8 nächster, Umschalt+F8 vorheriger',
}
export const tf = defineMessages('flowFixes', en, de)
