import { defineMessages } from '@/i18n'

const en = {
  trace: 'Trace', traceOf: 'Trace of run #{id}', back: 'To the run', storedNow: 'The version that runs ({rev}); the draft is not touched.', goesOn: 'The run goes on', goesOnText: 'The run goes on meanwhile', toNow: 'To now', isOver: 'The run has ended', stored: 'The version that ran ({rev}); the draft is not touched.', copy: 'Edit a copy from here', copyTitle: 'Edit a copy of this version', copyText: 'A new flow is made of the text that ran; the flow and its draft stay as they are.', noText: 'The text of this run was not kept.',
  slider: 'Time in the run', atEnd: 'At the end', prev: 'Step before', next: 'Next step', path: 'Path taken', ended: 'ended by {by}', under: 'under way', skipped: 'not reached', round: 'round {n}', ruleFired: 'Rules that fired', noSteps: 'This run has no steps.', 
}
const de: Record<keyof typeof en, string> = {
  trace: 'Spur', traceOf: 'Spur von Lauf #{id}', back: 'Zum Lauf', storedNow: 'Die Fassung, die läuft ({rev}); der Entwurf bleibt unberührt.', goesOn: 'Der Lauf geht weiter', goesOnText: 'Der Lauf geht inzwischen weiter', toNow: 'Zum Jetzt', isOver: 'Der Lauf ist zu Ende', stored: 'Die Fassung, die lief ({rev}); der Entwurf bleibt unberührt.', copy: 'Von hier aus eine Kopie bearbeiten', copyTitle: 'Eine Kopie dieser Fassung bearbeiten', copyText: 'Aus dem Text, der lief, wird ein neuer Ablauf; der Ablauf und sein Entwurf bleiben, wie sie sind.', noText: 'Der Text dieses Laufs wurde nicht aufgehoben.',
  slider: 'Zeit im Lauf', atEnd: 'Am Ende', prev: 'Schritt davor', next: 'Nächster Schritt', path: 'Genommener Weg', ended: 'beendet durch {by}', under: 'läuft', skipped: 'nicht erreicht', round: 'Runde {n}', ruleFired: 'Ausgelöste Regeln', noSteps: 'Dieser Lauf hat keine Schritte.', 
}
export const t = defineMessages('trace', en, de)
