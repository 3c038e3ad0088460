import { defineMessages } from '@/i18n'

const en = { title: 'Text', help: 'Instructions and notes in Markdown.', text: 'Text (Markdown)', empty: 'No text yet' }
const de: Record<keyof typeof en, string> = { title: 'Text', help: 'Anleitungen und Notizen in Markdown.', text: 'Text (Markdown)', empty: 'Noch kein Text' }
export const t = defineMessages('widgetMarkdown', en, de)
