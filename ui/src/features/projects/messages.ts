import { defineMessages } from '@/i18n'

const en = {
  title: 'Choose a project', text: 'A project holds devices, flows, recordings and alarms of one bench.', open: 'Open', opened: 'Open now', lastOpened: 'Last opened {time}', neverOpened: 'Not opened yet',
  create: 'New project', duplicate: 'Duplicate', duplicateTitle: 'Duplicate “{name}”', copyOf: '{name} copy', demo: 'Demo', demoHint: 'Comes with the product; virtual devices only', none: 'No projects yet',
  noneText: 'Create the first one, or look at the demo project.', name: 'Name', description: 'Description', close: 'Back to {name}', opening: 'Opening …', find: 'Find a project',
}
const de: Record<keyof typeof en, string> = {
  title: 'Projekt wählen', text: 'Ein Projekt enthält Geräte, Abläufe, Aufnahmen und Alarme eines Messplatzes.', open: 'Öffnen', opened: 'Geöffnet', lastOpened: 'Zuletzt geöffnet {time}', neverOpened: 'Noch nie geöffnet',
  create: 'Neues Projekt', duplicate: 'Duplizieren', duplicateTitle: '„{name}“ duplizieren', copyOf: '{name} Kopie', demo: 'Demo', demoHint: 'Gehört zum Produkt; nur virtuelle Geräte', none: 'Noch keine Projekte',
  noneText: 'Lege das erste an oder sieh dir das Demo-Projekt an.', name: 'Name', description: 'Beschreibung', close: 'Zurück zu {name}', opening: 'Öffnet …', find: 'Projekt suchen',
}
export const t = defineMessages('projects', en, de)
