import { defineMessages } from '@/i18n'

const en = { title: 'Choice', help: 'One of a few states, shown in words; where the device allows it, chosen here.', point: 'State or mode', confirm: 'Ask before writing' }
const de: Record<keyof typeof en, string> = { title: 'Auswahl', help: 'Einer von wenigen Zuständen in Worten; wo das Gerät es zulässt, hier gewählt.', point: 'Zustand oder Modus', confirm: 'Vor dem Schreiben fragen' }
export const t = defineMessages('widgetEnum', en, de)
