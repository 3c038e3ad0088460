import { defineMessages } from '@/i18n'

const en = { title: 'Value', help: 'One measured value in large figures, with its age and alarm state.', point: 'Measured value', precision: 'Digits after the point' }
const de: Record<keyof typeof en, string> = { title: 'Wert', help: 'Ein Messwert in großen Ziffern, mit Alter und Alarmzustand.', point: 'Messwert', precision: 'Nachkommastellen' }
export const t = defineMessages('widgetValue', en, de)
