import { defineMessages } from '@/i18n'

const en = { title: 'Gauge', help: 'A value between two ends, with the bands where it would raise an alarm.', point: 'Measured value', low: 'Lower end of the scale', high: 'Upper end of the scale', range: '{value} between {low} and {high}' }
const de: Record<keyof typeof en, string> = { title: 'Anzeige', help: 'Ein Wert zwischen zwei Enden, mit den Bereichen, in denen er einen Alarm auslöst.', point: 'Messwert', low: 'Unteres Ende der Skala', high: 'Oberes Ende der Skala', range: '{value} zwischen {low} und {high}' }
export const t = defineMessages('widgetGauge', en, de)
