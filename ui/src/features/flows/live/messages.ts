import { defineMessages } from '@/i18n'

const en = {
  running: 'under way', left: '{time} left', round: 'round {n}', roundIs: 'round', otherVersion: 'Another version runs', toRun: 'Go to the run', acting: 'acting', pending: 'waiting', suspended: 'suspended', fired: '{n} × · {time}', true: 'true now', false: 'false now', unknown: 'unknown now',
  nowAt: 'Now: {title}', over: 'The run is over',
}
const de: Record<keyof typeof en, string> = {
  running: 'läuft', left: 'noch {time}', round: 'Durchgang {n}', roundIs: 'Durchgang', otherVersion: 'Eine andere Fassung läuft', toRun: 'Zum Lauf', acting: 'handelt', pending: 'wartet', suspended: 'ausgesetzt', fired: '{n} × · {time}', true: 'jetzt wahr', false: 'jetzt falsch', unknown: 'jetzt unbekannt',
  nowAt: 'Jetzt: {title}', over: 'Der Lauf ist zu Ende',
}
export const t = defineMessages('flowLive', en, de)
