import { defineMessages } from '@/i18n'

const en = {
  title: 'Alarms', active: 'Active', history: 'History', none: 'No active alarms', noneText: 'Nothing needs attention now.', noHistory: 'No alarms so far', severity: 'Severity', when: 'Since', at: 'Time', text: 'Alarm', source: 'Source', value: 'Value', ack: 'Acknowledge', ackAll: 'Acknowledge all ({n})', comment: 'Comment', ackText: 'Acknowledging tells the others that somebody takes care of it.', ackBy: '{who}, {time}',
  active_unacked: 'active, not acknowledged', active_acked: 'active, acknowledged', cleared_unacked: 'gone, not acknowledged', normal: 'gone', all: 'All', filter: 'Severity filter',
}
const de: Record<keyof typeof en, string> = {
  title: 'Alarme', active: 'Aktiv', history: 'Verlauf', none: 'Keine aktiven Alarme', noneText: 'Gerade braucht nichts Aufmerksamkeit.', noHistory: 'Bisher keine Alarme', severity: 'Schwere', when: 'Seit', at: 'Zeit', text: 'Alarm', source: 'Quelle', value: 'Wert', ack: 'Quittieren', ackAll: 'Alle quittieren ({n})', comment: 'Kommentar', ackText: 'Quittieren sagt den anderen, dass sich jemand kümmert.', ackBy: '{who}, {time}',
  active_unacked: 'aktiv, nicht quittiert', active_acked: 'aktiv, quittiert', cleared_unacked: 'vorbei, nicht quittiert', normal: 'vorbei', all: 'Alle', filter: 'Filter nach Schwere',
}
export const t = defineMessages('alarms', en, de)
