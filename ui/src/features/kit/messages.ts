/** Headings of the gallery; its samples are words of the field. */
import { defineMessages } from '@/i18n'

const en = {
  title: 'Building blocks', text: 'Every piece the pages are made of, in every state, in both themes.', dark: 'Dark', light: 'Light', colours: 'Colours', type: 'Type', spacing: 'Spacing', buttons: 'Buttons and menus', fields: 'Fields', table: 'Tables', chips: 'States', windows: 'Dialogs and drawers',
  messages: 'Messages', loading: 'Loading and progress', states: 'Empty, failed, offline, not allowed, broken', form: 'Form from a JSON Schema', chart: 'Chart', tabs: 'Tabs and choices', conditions: 'Conditions',
  sampleText: 'Set-point of the channel', openDialog: 'Dialog', openAsk: 'Confirmation', openDanger: 'Confirmation by typing', openDrawer: 'Drawer', show: 'Show: {kind}', breakIt: 'Break this part', curve: 'Voltage and current of a charge', search: 'Search the table',
}
const de: Record<keyof typeof en, string> = {
  title: 'Bausteine', text: 'Alles, woraus die Seiten bestehen, in jedem Zustand und beiden Farbwelten.', dark: 'Dunkel', light: 'Hell', colours: 'Farben', type: 'Schrift', spacing: 'Abstände', buttons: 'Knöpfe und Menüs', fields: 'Felder', table: 'Tabellen', chips: 'Zustände', windows: 'Dialoge und Schubladen',
  messages: 'Meldungen', loading: 'Laden und Fortschritt', states: 'Leer, gescheitert, offline, nicht erlaubt, ausgefallen', form: 'Formular aus einem JSON-Schema', chart: 'Diagramm', tabs: 'Reiter und Auswahl', conditions: 'Bedingungen',
  sampleText: 'Sollwert des Kanals', openDialog: 'Dialog', openAsk: 'Rückfrage', openDanger: 'Rückfrage mit Eintippen', openDrawer: 'Schublade', show: 'Zeigen: {kind}', breakIt: 'Diesen Teil ausfallen lassen', curve: 'Spannung und Strom einer Ladung', search: 'Tabelle durchsuchen',
}
export const t = defineMessages('kit', en, de)
