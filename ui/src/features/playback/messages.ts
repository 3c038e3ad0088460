import { defineMessages } from '@/i18n'

const en = {
  bar: 'Playback', showing: 'You are looking at the past', switched: 'Nothing can be switched meanwhile. “All off” always works.', live: 'Back to live', play: 'Play', pause: 'Pause', speed: 'Speed', next: 'Next event', before: 'Event before', time: 'Time', waiting: 'loading', fired: 'Last rule: {rule}', ranThen: 'Step: {step}', alarmsThen: 'Alarms: {n}', of: '{time} of {length}', keys: 'Space plays and pauses, arrow keys move',
}
const de: Record<keyof typeof en, string> = {
  bar: 'Wiedergabe', showing: 'Du siehst die Vergangenheit', switched: 'Solange lässt sich nichts schalten. „Alles aus“ geht immer.', live: 'Zurück zu live', play: 'Abspielen', pause: 'Anhalten', speed: 'Tempo', next: 'Nächstes Ereignis', before: 'Ereignis davor', time: 'Zeit', waiting: 'lädt', fired: 'Letzte Regel: {rule}', ranThen: 'Schritt: {step}', alarmsThen: 'Alarme: {n}', of: '{time} von {length}', keys: 'Leertaste spielt und hält an, Pfeiltasten verschieben',
}
export const t = defineMessages('playback', en, de)
