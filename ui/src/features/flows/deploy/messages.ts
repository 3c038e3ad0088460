import { defineMessages } from '@/i18n'

const en = {
  deployTitle: 'Save and deploy “{title}”', deployText: 'Once saved, this version is what works. A run under way keeps the version it was started with; rules and limits of the flow change at once.', deploy: 'Deploy', deploying: 'Deploying …',
  checkOk: 'Checked: no errors', checkWarn: 'Checked: no errors. Notes: {n}', checkBad: 'This cannot be deployed. Errors: {n}', checkRuns: 'Checking …',
  changes: 'What changes', noLogic: 'Only comments, layout or blank lines change: no step, rule or limit means anything else.', added: 'new', removed: 'removed', changed: 'changed', changesN: '{n} changed parts', before: 'Deployed', after: 'Draft', diffOf: 'Differences between the deployed text and the draft',
  running: 'A run of this flow is under way: it keeps its version.',
  showChanges: 'Show changes', showChangesText: 'Marks what differs from the deployed version on the canvas',
  rollBackStep: 'Roll back to {time}',
  devices: 'Devices and outputs', supply: 'supply', load: 'load', meter: 'measures', switchesOn: 'comes on: {steps}', staysOff: 'stays off', rulesToo: 'Rules of the flow take part as well: {n}.',
}
const de: Record<keyof typeof en, string> = {
  deployTitle: '„{title}“ speichern und aktivieren', deployText: 'Was gespeichert ist, wirkt. Ein Lauf, der schon läuft, behält seine Fassung; Regeln und Grenzen des Ablaufs wechseln sofort.', deploy: 'Aktivieren', deploying: 'Aktiviert …',
  checkOk: 'Geprüft: keine Fehler', checkWarn: 'Geprüft: keine Fehler. Hinweise: {n}', checkBad: 'So lässt es sich nicht aktivieren. Fehler: {n}', checkRuns: 'Prüft …',
  changes: 'Was sich ändert', noLogic: 'Nur Kommentare, Anordnung oder Leerzeilen ändern sich: kein Schritt, keine Regel und keine Grenze bedeutet etwas anderes.', added: 'neu', removed: 'entfernt', changed: 'geändert', changesN: '{n} geänderte Teile', before: 'Aktiv', after: 'Entwurf', diffOf: 'Unterschiede zwischen dem aktiven Text und dem Entwurf',
  running: 'Ein Lauf dieses Ablaufs ist unterwegs: Er behält seine Fassung.',
  showChanges: 'Änderungen zeigen', showChangesText: 'Markiert auf der Fläche, was von der aktiven Fassung abweicht',
  rollBackStep: 'Zurück zu {time}',
  devices: 'Geräte und Ausgänge', supply: 'Netzteil', load: 'Last', meter: 'misst', switchesOn: 'geht an: {steps}', staysOff: 'bleibt aus', rulesToo: 'Auch Regeln des Ablaufs wirken mit: {n}.',
}
export const t = defineMessages('deploy', en, de)
