import { defineMessages } from '@/i18n'

const en = {
  title: 'Dashboard', noDevices: 'No devices yet', noDevicesText: 'Add a device to see its values here.', addDevice: 'Go to devices',
}
const de: Record<keyof typeof en, string> = {
  title: 'Übersicht', noDevices: 'Noch keine Geräte', noDevicesText: 'Füge ein Gerät hinzu, dann stehen hier seine Werte.', addDevice: 'Zu den Geräten',
}
export const t = defineMessages('dashboard', en, de)
