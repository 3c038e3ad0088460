import { defineMessages } from '@/i18n'

const en = { title: 'Switch', help: 'Switches something on and off and shows what the device reads back.', point: 'Switch', confirm: 'Ask before switching' }
const de: Record<keyof typeof en, string> = { title: 'Schalter', help: 'Schaltet etwas ein und aus und zeigt, was das Gerät zurückmeldet.', point: 'Schalter', confirm: 'Vor dem Schalten fragen' }
export const t = defineMessages('widgetSwitch', en, de)
