import { defineMessages } from '@/i18n'

const en = { title: 'Alarms', help: 'Alarms that stand, the worst first, with acknowledgement.', device: 'Only of this device', worst: 'At least as grave as', none: 'No alarms', noneText: 'Everything is as it should be.', ack: 'Acknowledge', ackAll: 'Acknowledge all', open: 'All alarms', seen: 'seen' }
const de: Record<keyof typeof en, string> = { title: 'Alarme', help: 'Anstehende Alarme, die schlimmsten zuerst, mit Quittierung.', device: 'Nur von diesem Gerät', worst: 'Mindestens so schwer wie', none: 'Keine Alarme', noneText: 'Alles ist, wie es sein soll.', ack: 'Quittieren', ackAll: 'Alle quittieren', open: 'Alle Alarme', seen: 'gesehen' }
export const t = defineMessages('widgetAlarms', en, de)
