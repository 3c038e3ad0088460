/** Words for states that several pages show. */
import { defineMessages } from '@/i18n'

const en = {
  online: 'online', degraded: 'degraded', offline: 'offline', error: 'error', connecting: 'connecting', disabled: 'disabled',
  queued: 'Queued', starting: 'Starting', running: 'Running', paused: 'Paused', held: 'Waits for you', asks: 'A run asks: {text}', undelivered: '{to} could not be told: {title}', stopping: 'Stopping', finished: 'Finished',
  not_set: 'open', pass: 'Pass', inconclusive: 'Inconclusive', fail: 'Fail', aborted: 'Aborted', verdict_error: 'Error',
  pastRefused: 'You are looking at the past: nothing is switched.', pastHint: 'Go back to live first.',
  critical: 'Critical', warning: 'Warning', info: 'Note',
  back: 'Connected again after {time}.', backSame: 'Nothing happened meanwhile.', backResumed: 'What happened meanwhile was caught up with; nothing is missing.', backAnew: 'The server or the project was started anew; everything shown was read again.',
  openedElsewhere: '“{name}” was opened in another window.', closedElsewhere: '“{name}” was closed in another window.',
  conditions: 'Conditions', conditionName: 'Name of condition {n}', conditionNameHint: 'e.g. cell', conditionValue: 'Value of condition {n}', conditionRemove: 'Remove condition {name}', conditionAdd: 'Add a condition', conditionTwice: 'Stands twice: {names}',
}
const de: Record<keyof typeof en, string> = {
  online: 'online', degraded: 'gestört', offline: 'offline', error: 'Fehler', connecting: 'verbindet', disabled: 'abgeschaltet',
  queued: 'Wartet', starting: 'Startet', running: 'Läuft', paused: 'Pausiert', held: 'Wartet auf dich', asks: 'Ein Lauf fragt: {text}', undelivered: '{to} war nicht zu erreichen: {title}', stopping: 'Stoppt', finished: 'Beendet',
  not_set: 'offen', pass: 'Bestanden', inconclusive: 'Unklar', fail: 'Nicht bestanden', aborted: 'Abgebrochen', verdict_error: 'Fehler',
  pastRefused: 'Du siehst die Vergangenheit: Es wird nichts geschaltet.', pastHint: 'Geh zuerst zurück zu live.',
  critical: 'Kritisch', warning: 'Warnung', info: 'Hinweis',
  back: 'Wieder verbunden nach {time}.', backSame: 'In der Zwischenzeit ist nichts geschehen.', backResumed: 'Was in der Zwischenzeit geschah, ist nachgeholt; nichts fehlt.', backAnew: 'Server oder Projekt wurden neu gestartet; alles Gezeigte ist neu gelesen.',
  openedElsewhere: '„{name}“ wurde in einem anderen Fenster geöffnet.', closedElsewhere: '„{name}“ wurde in einem anderen Fenster geschlossen.',
  conditions: 'Bedingungen', conditionName: 'Name der Bedingung {n}', conditionNameHint: 'z. B. cell', conditionValue: 'Wert der Bedingung {n}', conditionRemove: 'Bedingung {name} entfernen', conditionAdd: 'Bedingung hinzufügen', conditionTwice: 'Steht doppelt: {names}',
}
export const tw = defineMessages('words', en, de)
