import { defineMessages } from '@/i18n'

const en = { title: 'Flow', help: 'The steps of a flow, with the one that runs.', flow: 'Flow', running: 'Runs', idle: 'Does not run', noSteps: 'This flow has rules only, no steps.' }
const de: Record<keyof typeof en, string> = { title: 'Ablauf', help: 'Die Schritte eines Ablaufs, mit dem laufenden.', flow: 'Ablauf', running: 'Läuft', idle: 'Läuft nicht', noSteps: 'Dieser Ablauf hat nur Regeln, keine Schritte.' }
export const t = defineMessages('widgetFlow', en, de)
