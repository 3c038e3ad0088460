import { defineMessages } from '@/i18n'

const en = { title: 'Channel', help: 'A cell as one channel: voltage, current, power, temperature, and its run.', channel: 'Channel' }
const de: Record<keyof typeof en, string> = { title: 'Kanal', help: 'Eine Zelle als ein Kanal: Spannung, Strom, Leistung, Temperatur und ihr Lauf.', channel: 'Kanal' }
export const t = defineMessages('widgetChannel', en, de)
