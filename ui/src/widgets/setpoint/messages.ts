import { defineMessages } from '@/i18n'

const en = { title: 'Set-point', help: 'Sets a number of a device, shows its read-back and, beside it, what is measured.', point: 'Value to set', actual: 'Measured value beside it', confirm: 'Ask before writing', step: 'Step of the plus and minus buttons', presets: 'Values offered as buttons, separated by semicolons',  }
const de: Record<keyof typeof en, string> = { title: 'Sollwert', help: 'Setzt eine Zahl eines Geräts, zeigt den zurückgelesenen Wert und daneben, was gemessen wird.', point: 'Zu setzender Wert', actual: 'Messwert daneben', confirm: 'Vor dem Schreiben fragen', step: 'Schritt der Plus- und Minus-Knöpfe', presets: 'Werte als Knöpfe, getrennt durch Semikolons',  }
export const t = defineMessages('widgetSetpoint', en, de)
