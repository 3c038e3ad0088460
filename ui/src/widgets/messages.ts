import { defineMessages } from '@/i18n'

const en = { gone: '{source} is not there', goneText: 'The device was removed or renamed. Choose another source, or add the device again: the widget then goes on by itself.', unbound: 'Not bound yet', unboundText: 'Edit the page and choose what it shows.' }
const de: Record<keyof typeof en, string> = { gone: '{source} gibt es nicht', goneText: 'Das Gerät wurde entfernt oder umbenannt. Wähle eine andere Quelle oder füge das Gerät wieder hinzu: dann läuft das Widget von selbst weiter.', unbound: 'Noch nicht verbunden', unboundText: 'Bearbeite die Seite und wähle, was es zeigen soll.' }
export const t = defineMessages('widgets', en, de)
