import { defineMessages } from '@/i18n'

const en = {
  sequence: 'Sequence', rules: 'Rules', finally: 'Finally · also after a fault or an abort', then: 'then', else: 'else', branch: 'Branch {n}', when: 'when', if: 'if',
  addStep: 'Add a step here', addFirst: 'Add the first step', addElse: 'Add “else”', addBranch: 'Add a branch', addFinally: 'Add what always runs at the end', addRule: 'Add a rule', addFirstRule: 'Add the first rule', addLimit: 'Add a limit', addTrigger: 'Add a trigger', addCheck: 'Add a condition', addAction: 'Add an action',
  now: 'now {value}', next: 'next', fail: 'fail', inconclusive: 'inconclusive', pass: 'pass', port: 'Drag to a step to go on there', stepGoto: 'Go on at {title}', 
  limits: 'Limits', noLimits: 'No limits of its own', limitText: 'Watched on every sample; a violation ends the run', removeLimit: 'Remove limit', askLimit: 'Remove the limit “{title}”?', askLimitText: 'It guards the cell on every sample: {trip}.', askLimitOn: 'Go on …', askLimit2: 'Really without “{title}”?', askLimit2Text: 'From the next save on no run of this flow is ended by: {trip}.', stepLimit: 'Remove limit {title}',
  stepMoveN: 'Move {n} steps', stepPlace: 'Place of {title}', moved: '{title} moved', notHere: 'It cannot stand there', problem: '{n} findings', off: 'switched off', scopeAlways: 'always', scopeRun: 'while the flow runs', during: 'during {steps}', noTrigger: 'no trigger yet', noCheck: 'always', noAction: 'nothing yet',
  zoomIn: 'Zoom in', zoomOut: 'Zoom out', fit: 'Show all', actual: 'Actual size', map: 'Overview map', toRules: 'Go to the rules', toSequence: 'Go to the sequence', tools: 'Canvas tools', 
  empty: 'This flow is empty', step: 'Step', rule: 'Rule', limit: 'Limit', end: 'End', contains: 'contains {n} steps', ends: '{n} ends', hint: 'Double click or / adds · drag moves · arrows walk',
  mark_running: 'running', mark_passed: 'passed', mark_failed: 'failed', mark_inconclusive: 'inconclusive', mark_skipped: 'skipped', mark_added: 'added', mark_removed: 'removed', mark_changed: 'changed',
}
const de: Record<keyof typeof en, string> = {
  sequence: 'Sequenz', rules: 'Regeln', finally: 'Zum Schluss · auch nach Störung oder Abbruch', then: 'dann', else: 'sonst', branch: 'Zweig {n}', when: 'wenn', if: 'falls',
  addStep: 'Hier einen Schritt einfügen', addFirst: 'Ersten Schritt einfügen', addElse: '„sonst“ hinzufügen', addBranch: 'Zweig hinzufügen', addFinally: 'Hinzufügen, was am Ende immer läuft', addRule: 'Regel hinzufügen', addFirstRule: 'Erste Regel hinzufügen', addLimit: 'Grenze hinzufügen', addTrigger: 'Auslöser hinzufügen', addCheck: 'Bedingung hinzufügen', addAction: 'Aktion hinzufügen',
  now: 'jetzt {value}', next: 'weiter', fail: 'Fehler', inconclusive: 'unklar', pass: 'bestanden', port: 'Auf einen Schritt ziehen, um dort weiterzumachen', stepGoto: 'Weiter bei {title}', 
  limits: 'Grenzen', noLimits: 'Keine eigenen Grenzen', limitText: 'Bei jedem Messwert überwacht; eine Verletzung beendet den Lauf', removeLimit: 'Grenze entfernen', askLimit: 'Grenze „{title}“ entfernen?', askLimitText: 'Sie schützt die Zelle bei jedem Messwert: {trip}.', askLimitOn: 'Weiter …', askLimit2: 'Wirklich ohne „{title}“?', askLimit2Text: 'Ab dem nächsten Speichern beendet dies keinen Lauf dieses Ablaufs mehr: {trip}.', stepLimit: 'Grenze {title} entfernen',
  stepMoveN: '{n} Schritte verschieben', stepPlace: 'Platz von {title}', moved: '{title} verschoben', notHere: 'Dort kann es nicht stehen', problem: '{n} Befunde', off: 'abgeschaltet', scopeAlways: 'immer', scopeRun: 'während der Ablauf läuft', during: 'während {steps}', noTrigger: 'noch kein Auslöser', noCheck: 'immer', noAction: 'noch nichts',
  zoomIn: 'Vergrößern', zoomOut: 'Verkleinern', fit: 'Alles zeigen', actual: 'Originalgröße', map: 'Übersichtskarte', toRules: 'Zu den Regeln', toSequence: 'Zur Sequenz', tools: 'Werkzeuge der Fläche', 
  empty: 'Dieser Ablauf ist leer', step: 'Schritt', rule: 'Regel', limit: 'Grenze', end: 'Ende', contains: 'enthält {n} Schritte', ends: '{n} Enden', hint: 'Doppelklick oder / fügt ein · Ziehen verschiebt · Pfeile wandern',
  mark_running: 'läuft', mark_passed: 'bestanden', mark_failed: 'fehlgeschlagen', mark_inconclusive: 'unklar', mark_skipped: 'übersprungen', mark_added: 'neu', mark_removed: 'entfernt', mark_changed: 'geändert',
}
export const t = defineMessages('flowCanvas', en, de)
