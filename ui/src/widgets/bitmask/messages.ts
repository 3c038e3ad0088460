import { defineMessages } from '@/i18n'

const en = { title: 'Flags', help: 'The flags of a status word, each with its name; set ones stand out.', point: 'Status word', only: 'Only flags that are set', on: 'set', off: 'not set', none: 'No flag is set', unknown: 'Not read yet' }
const de: Record<keyof typeof en, string> = { title: 'Bits', help: 'Die Bits eines Statusworts mit ihren Namen; gesetzte fallen auf.', point: 'Statuswort', only: 'Nur gesetzte Bits', on: 'gesetzt', off: 'nicht gesetzt', none: 'Kein Bit ist gesetzt', unknown: 'Noch nicht gelesen' }
export const t = defineMessages('widgetBitmask', en, de)
