/** Words for states that several pages show. */
import { defineMessages } from '@/i18n'

const en = {
  online: 'online', degraded: 'degraded', offline: 'offline', error: 'error', connecting: 'connecting', disabled: 'disabled',
  queued: 'Queued', starting: 'Starting', running: 'Running', paused: 'Paused', held: 'Waits for you', asks: 'A run asks: {text}', undelivered: '{to} could not be told: {title}', stopping: 'Stopping', finished: 'Finished',
  not_set: 'open', pass: 'Pass', inconclusive: 'Inconclusive', fail: 'Fail', aborted: 'Aborted', verdict_error: 'Error',
  pastRefused: 'You are looking at the past: nothing is switched.', pastHint: 'Go back to live first.',
  critical: 'Critical', warning: 'Warning', info: 'Note',
}
const de: Record<keyof typeof en, string> = {
  online: 'online', degraded: 'gestört', offline: 'offline', error: 'Fehler', connecting: 'verbindet', disabled: 'abgeschaltet',
  queued: 'Wartet', starting: 'Startet', running: 'Läuft', paused: 'Pausiert', held: 'Wartet auf dich', asks: 'Ein Lauf fragt: {text}', undelivered: '{to} war nicht zu erreichen: {title}', stopping: 'Stoppt', finished: 'Beendet',
  not_set: 'offen', pass: 'Bestanden', inconclusive: 'Unklar', fail: 'Nicht bestanden', aborted: 'Abgebrochen', verdict_error: 'Fehler',
  pastRefused: 'Du siehst die Vergangenheit: Es wird nichts geschaltet.', pastHint: 'Geh zuerst zurück zu live.',
  critical: 'Kritisch', warning: 'Warnung', info: 'Hinweis',
}
export const tw = defineMessages('words', en, de)
