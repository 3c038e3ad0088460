/** Words of the page about how good the alarms are. */
import { defineMessages } from '@/i18n'

const en = {
  title: 'Alarm quality', days: 'Time', daysN: '{n} days', day: '1 day', rate: 'Alarms in 10 minutes', rateGood: 'fine: at most one', rateMuch: 'much: more than one', rateFlood: 'too many: more than ten', alarms: 'Alarms raised', toAck: 'Mean time to acknowledge', toClear: 'Mean time until gone', floodsN: 'Floods',
  ratePlot: 'Alarms over time', ratePlotText: 'Raised alarms in each {span}; more than {flood} in ten minutes is a flood.', raisedIn: 'Alarms', floods: 'Floods', floodsText: 'More than ten alarms in ten minutes: nobody can look at each. Find the first one of each flood.', noFloods: 'No floods', flood: 'Flood', lasted: 'Lasted', count: 'Alarms',
  chattering: 'Chattering, top ten', chatteringText: 'What comes and goes again and again wants a deadband or a delay.', noChattering: 'Nothing chatters', standing: 'Standing over 24 h', standingText: 'What stands that long tells nothing any more: cure it, or shelve it with a reason.', noStanding: 'Nothing stands that long', times: 'Times', since: 'Since', priorities: 'By priority', prioritiesText: 'About 80 % low, 15 % medium and 5 % high lets people see what matters.', priority: 'Priority {n}', noAlarms: 'No alarms in this time', truncated: 'Only the last {n} transitions are drawn.',
}
const de: Record<keyof typeof en, string> = {
  title: 'Güte der Alarme', days: 'Zeitraum', daysN: '{n} Tage', day: '1 Tag', rate: 'Alarme in 10 Minuten', rateGood: 'gut: höchstens einer', rateMuch: 'viel: mehr als einer', rateFlood: 'zu viele: mehr als zehn', alarms: 'Ausgelöste Alarme', toAck: 'Mittlere Zeit bis quittiert', toClear: 'Mittlere Zeit bis vorbei', floodsN: 'Fluten',
  ratePlot: 'Alarme über der Zeit', ratePlotText: 'Ausgelöste Alarme je {span}; mehr als {flood} in zehn Minuten sind eine Flut.', raisedIn: 'Alarme', floods: 'Fluten', floodsText: 'Mehr als zehn Alarme in zehn Minuten: Niemand kann jeden ansehen. Suche den ersten jeder Flut.', noFloods: 'Keine Fluten', flood: 'Flut', lasted: 'Dauer', count: 'Alarme',
  chattering: 'Flatternde, die ersten zehn', chatteringText: 'Was immer wieder kommt und geht, braucht eine Hysterese oder eine Verzögerung.', noChattering: 'Nichts flattert', standing: 'Länger als 24 h', standingText: 'Was so lange steht, sagt nichts mehr: beheben, oder mit Grund zurückstellen.', noStanding: 'Nichts steht so lange', times: 'Male', since: 'Seit', priorities: 'Nach Priorität', prioritiesText: 'Etwa 80 % niedrig, 15 % mittel und 5 % hoch: dann sieht man, was zählt.', priority: 'Priorität {n}', noAlarms: 'Keine Alarme in dieser Zeit', truncated: 'Nur die letzten {n} Übergänge sind gezeichnet.',
}
export const t = defineMessages('quality', en, de)
