import { defineMessages } from '@/i18n'

const en = { title: 'Run', help: 'The run in progress: step, next end, remaining time, pause and stop.', channel: 'Only of this channel', none: 'No run', noneText: 'Nothing is being charged or discharged.', last: 'Last run', remaining: 'about {time} left', controls: 'Show pause, skip and stop', step: 'Step', cycle: 'Cycle', progress: 'Progress' }
const de: Record<keyof typeof en, string> = { title: 'Lauf', help: 'Der laufende Lauf: Schritt, nächstes Ende, Restzeit, Pause und Stopp.', channel: 'Nur dieser Kanal', none: 'Kein Lauf', noneText: 'Nichts wird geladen oder entladen.', last: 'Letzter Lauf', remaining: 'noch etwa {time}', controls: 'Pause, Überspringen und Stopp zeigen', step: 'Schritt', cycle: 'Zyklus', progress: 'Fortschritt' }
export const t = defineMessages('widgetRun', en, de)
