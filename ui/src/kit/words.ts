/** Words for states that several pages show. */
import { defineMessages } from '@/i18n'

const en = {
  online: 'online', degraded: 'degraded', offline: 'offline', error: 'error', connecting: 'connecting', disabled: 'disabled',
  queued: 'Queued', starting: 'Starting', running: 'Running', paused: 'Paused', held: 'Waits for you', asks: 'A run asks: {text}', undelivered: '{to} could not be told: {title}', stopping: 'Stopping', finished: 'Finished',
  not_set: 'open', pass: 'Pass', inconclusive: 'Inconclusive', fail: 'Fail', aborted: 'Aborted', verdict_error: 'Error',
  critical: 'Critical', warning: 'Warning', info: 'Note',
  conditions: 'Conditions', conditionName: 'Name of condition {n}', conditionNameHint: 'e.g. cell', conditionValue: 'Value of condition {n}', conditionRemove: 'Remove condition {name}', conditionAdd: 'Add a condition', conditionTwice: 'Stands twice: {names}',
}
const de: Record<keyof typeof en, string> = {
  online: 'online', degraded: 'gestört', offline: 'offline', error: 'Fehler', connecting: 'verbindet', disabled: 'abgeschaltet',
  queued: 'Wartet', starting: 'Startet', running: 'Läuft', paused: 'Pausiert', held: 'Wartet auf dich', asks: 'Ein Lauf fragt: {text}', undelivered: '{to} war nicht zu erreichen: {title}', stopping: 'Stoppt', finished: 'Beendet',
  not_set: 'offen', pass: 'Bestanden', inconclusive: 'Unklar', fail: 'Nicht bestanden', aborted: 'Abgebrochen', verdict_error: 'Fehler',
  critical: 'Kritisch', warning: 'Warnung', info: 'Hinweis',
  conditions: 'Bedingungen', conditionName: 'Name der Bedingung {n}', conditionNameHint: 'z. B. cell', conditionValue: 'Wert der Bedingung {n}', conditionRemove: 'Bedingung {name} entfernen', conditionAdd: 'Bedingung hinzufügen', conditionTwice: 'Steht doppelt: {names}',
}
export const tw = defineMessages('words', en, de)
