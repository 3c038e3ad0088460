import { defineMessages } from '@/i18n'

const en = { title: 'Device management', help: 'All devices with their state: switch on and off, connect, edit, add.', add: 'Add a device', none: 'No devices yet' }
const de: Record<keyof typeof en, string> = { title: 'Geräteverwaltung', help: 'Alle Geräte mit ihrem Zustand: ein- und ausschalten, verbinden, bearbeiten, hinzufügen.', add: 'Gerät hinzufügen', none: 'Noch keine Geräte' }
export const t = defineMessages('widgetDeviceManager', en, de)
