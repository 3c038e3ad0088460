import { defineMessages } from '@/i18n'

const en = { title: 'Device', help: 'One device with its state, all its values and what can be set.', device: 'Device' }
const de: Record<keyof typeof en, string> = { title: 'Gerät', help: 'Ein Gerät mit Zustand, allen Werten und allem, was sich setzen lässt.', device: 'Gerät' }
export const t = defineMessages('widgetDevice', en, de)
