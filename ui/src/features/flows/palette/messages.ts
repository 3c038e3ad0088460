import { defineMessages } from '@/i18n'

const en = {
  title: 'Blocks', find: 'Find a block', show: 'Show the blocks', hide: 'Hide the blocks', hint: 'Click adds behind what is selected; drag puts it anywhere', none: 'Nothing fits “{text}”', add: 'Add {name}: {sentence}', stepAdd: 'Add {what}',
  drive: 'Drive the cell', measure: 'Measure and connect', order: 'Order and wait', note: 'Note and tell', control: 'Control', trigger: 'Triggers', check: 'Conditions', watch: 'Watch',
}
const de: Record<keyof typeof en, string> = {
  title: 'Bausteine', find: 'Baustein suchen', show: 'Bausteine zeigen', hide: 'Bausteine verbergen', hint: 'Klick fügt hinter der Auswahl ein; Ziehen überallhin', none: 'Nichts passt zu „{text}“', add: '{name} hinzufügen: {sentence}', stepAdd: '{what} hinzufügen',
  drive: 'Zelle treiben', measure: 'Messen und verbinden', order: 'Ordnen und warten', note: 'Notieren und melden', control: 'Steuern', trigger: 'Auslöser', check: 'Bedingungen', watch: 'Überwachen',
}
export const t = defineMessages('flowPalette', en, de)
