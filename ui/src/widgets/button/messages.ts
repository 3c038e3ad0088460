import { defineMessages } from '@/i18n'

const en = {
  title: 'Button', help: 'One press for any action: run a flow, fire a rule, run a script, set a marker, record, write a value.', label: 'Text on the button', does: 'What it does', flow: 'Flow to run', channel: 'Channel it runs on', point: 'Value to write', rule: 'Rule', script: 'Script', marker: 'Text of the marker', session: 'Name of the session', value: 'Value that is written', confirm: 'Ask first', danger: 'Show in red',
  run_flow: 'Run a flow', trigger_rule: 'Fire a rule', run_script: 'Run a script', set_marker: 'Set a marker', start_session: 'Start recording', stop_session: 'Stop recording', write: 'Write a value', all_off: 'All off',
  askTitle: '{action}?', done: '{action}: done', missing: 'Edit the widget: {what} is not chosen.', goneFlow: 'the flow', goneRule: 'the rule', goneScript: 'the script', gonePoint: 'the value', goneValue: 'a value that fits',
}
const de: Record<keyof typeof en, string> = {
  title: 'Knopf', help: 'Ein Druck für jede Aktion: Ablauf starten, Regel auslösen, Skript ausführen, Marke setzen, aufzeichnen, Wert schreiben.', label: 'Text auf dem Knopf', does: 'Was er tut', flow: 'Ablauf', channel: 'Kanal, auf dem er läuft', point: 'Zu schreibender Wert', rule: 'Regel', script: 'Skript', marker: 'Text der Marke', session: 'Name der Sitzung', value: 'Wert, der geschrieben wird', confirm: 'Vorher fragen', danger: 'In Rot zeigen',
  run_flow: 'Ablauf starten', trigger_rule: 'Regel auslösen', run_script: 'Skript ausführen', set_marker: 'Marke setzen', start_session: 'Aufzeichnung starten', stop_session: 'Aufzeichnung stoppen', write: 'Wert schreiben', all_off: 'Alles aus',
  askTitle: '{action}?', done: '{action}: erledigt', missing: 'Bearbeite das Widget: {what} ist nicht gewählt.', goneFlow: 'der Ablauf', goneRule: 'die Regel', goneScript: 'das Skript', gonePoint: 'der Wert', goneValue: 'ein passender Wert',
}
export const t = defineMessages('widgetButton', en, de)
