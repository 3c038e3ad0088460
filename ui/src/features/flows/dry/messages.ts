import { defineMessages } from '@/i18n'

const en = {
  dryRun: 'Dry run', dryText: 'The draft runs on simulated instruments and a model of the cell, as fast as it can. Nothing is switched.', again: 'Run again', noSequence: 'There is no sequence to try.', broken: 'The draft has errors.', soc: 'Charge at start [%]', socHint: 'as measured', waiting: 'Waiting …', settingUp: 'Setting up the simulated bench …', outdated: 'The draft has changed since.',
  curve: 'Simulated voltage, current and temperature', steps: 'Simulated steps', step: 'Step', at: 'From', takes: 'Duration', ended: 'Ended by', rules: 'Rules that fired', noRules: 'No rule fired.', times: '{n} ×', first: 'first at {time}', total: 'In all', voltage: 'Voltage', current: 'Current', temp: 'Temperature', ok: 'It comes to its end without findings.',
}
const de: Record<keyof typeof en, string> = {
  dryRun: 'Probelauf', dryText: 'Der Entwurf läuft auf simulierten Geräten und einem Modell der Zelle, so schnell es geht. Nichts wird geschaltet.', again: 'Noch einmal', noSequence: 'Es gibt keine Sequenz zum Probieren.', broken: 'Der Entwurf hat Fehler.', soc: 'Ladung zu Beginn [%]', socHint: 'wie gemessen', waiting: 'Wartet …', settingUp: 'Der simulierte Aufbau entsteht …', outdated: 'Der Entwurf hat sich seitdem geändert.',
  curve: 'Simulierte Spannung, Strom und Temperatur', steps: 'Simulierte Schritte', step: 'Schritt', at: 'Ab', takes: 'Dauer', ended: 'Beendet durch', rules: 'Ausgelöste Regeln', noRules: 'Keine Regel hat ausgelöst.', times: '{n} ×', first: 'zuerst bei {time}', total: 'Insgesamt', voltage: 'Spannung', current: 'Strom', temp: 'Temperatur', ok: 'Er kommt ohne Befund zu seinem Ende.',
}
export const t = defineMessages('dryRun', en, de)
