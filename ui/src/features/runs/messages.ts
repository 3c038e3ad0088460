import { defineMessages } from '@/i18n'

const en = {
  title: 'Runs', run: 'Run', none: 'No runs yet', noneText: 'Start a sequence on the Flows page; its run appears here.', toFlows: 'Go to flows', back: 'All runs',
  verdict: 'Verdict', started: 'Started', duration: 'Duration', progress: 'Progress', step: 'Step', steps: 'Steps', cycles: 'Cycles', cycle: 'Cycle', limits: 'Limits', origin: 'Origin', events: 'Events', quantity: 'Quantity', limit: 'Limit',
  left: '{time} left', now: 'Now', nextEnd: 'Next end', endedBy: 'Ended by', value: 'Value', charge: 'Charge', discharge: 'Discharge', energy: 'Energy', cvShare: 'CV share', tMax: 'T max', ce: 'CE', ee: 'EE', meanV: 'Mean V', curve: 'Curve', message: 'Message',
  pause: 'Pause', resume: 'Resume', skip: 'Skip step', stop: 'Stop', abort: 'Abort', skipText: 'The current step ends here; the next one begins.', stopText: 'The run ends in an orderly way: outputs off, then the final steps.', abortText: 'Outputs go off at once; the run counts as aborted. Final steps still run.',
  voltage: 'Voltage', current: 'Current', temp: 'Temperature', rest: 'Rest', other: 'Other', noSteps: 'No step has begun yet.', noCycles: 'No cycle is complete yet.', noEvents: 'Nothing has happened yet.', partial: 'partial', conditions: 'Conditions', parameters: 'Parameters', channel: 'Channel',
  inCycle: 'cycle {n}', revision: 'Version {rev}', eventEnd: '{step} ended by {by}', eventState: 'State: {state}', curveOf: 'Voltage, current and temperature of the run over time', noCurve: 'No curve', phase: 'Phase', running: 'running',
  protections: 'Protections of the instruments', checks: 'Checked before the start', isSet: 'set', isDifferent: 'differs from what was wanted', wanted: 'wanted {value}', passed: 'passed', failedCheck: 'failed',
  q_voltage: 'Voltage', q_current: 'Current', q_charge_current: 'Charge current', q_discharge_current: 'Discharge current', q_temp: 'Temperature', q_charge_temp: 'Temperature, charging', q_discharge_temp: 'Temperature, discharging', q_power: 'Power',
  o_cell: 'cell', o_flow: 'flow', o_channel: 'channel', o_device: 'device', o_step: 'step', o_project: 'project',
  c_voltage: 'Voltage', c_stable: 'Stable', c_agree: 'Meters agree:', c_zero_current: 'No current', c_output: 'Output', c_hardware_cutoff: 'Hardware cutoff', c_polarity: 'Polarity', c_sense_poll: 'Sampling of the cell voltage', c_temp: 'Temperature',
}
const de: Record<keyof typeof en, string> = {
  title: 'Läufe', run: 'Lauf', none: 'Noch keine Läufe', noneText: 'Starte eine Sequenz auf der Seite Abläufe; ihr Lauf erscheint hier.', toFlows: 'Zu den Abläufen', back: 'Alle Läufe',
  verdict: 'Urteil', started: 'Begonnen', duration: 'Dauer', progress: 'Fortschritt', step: 'Schritt', steps: 'Schritte', cycles: 'Zyklen', cycle: 'Zyklus', limits: 'Grenzen', origin: 'Herkunft', events: 'Ereignisse', quantity: 'Größe', limit: 'Grenze',
  left: 'noch {time}', now: 'Jetzt', nextEnd: 'Nächstes Ende', endedBy: 'Beendet durch', value: 'Wert', charge: 'Laden', discharge: 'Entladen', energy: 'Energie', cvShare: 'CV-Anteil', tMax: 'T max', ce: 'CE', ee: 'EE', meanV: 'Mittlere V', curve: 'Kurve', message: 'Meldung',
  pause: 'Pause', resume: 'Fortsetzen', skip: 'Schritt überspringen', stop: 'Stoppen', abort: 'Abbrechen', skipText: 'Der laufende Schritt endet hier; der nächste beginnt.', stopText: 'Der Lauf endet geordnet: Ausgänge aus, dann die Schlussschritte.', abortText: 'Die Ausgänge gehen sofort aus; der Lauf gilt als abgebrochen. Schlussschritte laufen trotzdem.',
  voltage: 'Spannung', current: 'Strom', temp: 'Temperatur', rest: 'Ruhe', other: 'Sonstiges', noSteps: 'Noch kein Schritt hat begonnen.', noCycles: 'Noch kein Zyklus ist vollständig.', noEvents: 'Noch ist nichts geschehen.', partial: 'unvollständig', conditions: 'Bedingungen', parameters: 'Parameter', channel: 'Kanal',
  inCycle: 'Zyklus {n}', revision: 'Fassung {rev}', eventEnd: '{step} beendet durch {by}', eventState: 'Zustand: {state}', curveOf: 'Spannung, Strom und Temperatur des Laufs über der Zeit', noCurve: 'Keine Kurve', phase: 'Phase', running: 'läuft',
  protections: 'Schutz in den Geräten', checks: 'Vor dem Start geprüft', isSet: 'gesetzt', isDifferent: 'weicht vom Gewünschten ab', wanted: 'gewünscht {value}', passed: 'bestanden', failedCheck: 'nicht bestanden',
  q_voltage: 'Spannung', q_current: 'Strom', q_charge_current: 'Ladestrom', q_discharge_current: 'Entladestrom', q_temp: 'Temperatur', q_charge_temp: 'Temperatur beim Laden', q_discharge_temp: 'Temperatur beim Entladen', q_power: 'Leistung',
  o_cell: 'Zelle', o_flow: 'Ablauf', o_channel: 'Kanal', o_device: 'Gerät', o_step: 'Schritt', o_project: 'Projekt',
  c_voltage: 'Spannung', c_stable: 'Stabil', c_agree: 'Messgeräte einig:', c_zero_current: 'Kein Strom', c_output: 'Ausgang', c_hardware_cutoff: 'Abschaltung im Gerät', c_polarity: 'Polung', c_sense_poll: 'Abtastung der Zellspannung', c_temp: 'Temperatur',
}
export const t = defineMessages('runs', en, de)
/** Keys for words that come from the server: quantities, origins, checks. */
export const QUANTITIES: readonly string[] = Object.keys(en).filter((key) => /^[qoc]_/.test(key))
