import { defineMessages } from '@/i18n'

const en = { title: 'Table', help: 'Several points with their latest value and their least and greatest since the page was opened.', points: 'Points', name: 'Point', now: 'Now', min: 'Least', max: 'Greatest', mean: 'Mean', age: 'Age', reset: 'Begin again', since: 'since {time}', showMean: 'Show the mean', showAge: 'Show the age', gone: 'is not there' }
const de: Record<keyof typeof en, string> = { title: 'Tabelle', help: 'Mehrere Messpunkte mit dem letzten Wert und dem kleinsten und größten, seit die Seite offen ist.', points: 'Messpunkte', name: 'Messpunkt', now: 'Jetzt', min: 'Kleinster', max: 'Größter', mean: 'Mittel', age: 'Alter', reset: 'Neu beginnen', since: 'seit {time}', showMean: 'Mittelwert zeigen', showAge: 'Alter zeigen', gone: 'gibt es nicht' }
export const t = defineMessages('widgetTable', en, de)
