/** Words of the messages to people. */
import { defineMessages } from '@/i18n'

const en = {
  title: 'Messages', all: 'All', queued: 'Queued', sent: 'Sent', retrying: 'Trying again', failed: 'Failed', states: 'State of messages', receiver: 'Receiver', allReceivers: 'All receivers', message: 'Message', attempts: 'Tries', created: 'Created', next: 'next try in {time}', nextNow: 'next try now', sentAt: 'sent {time}', retry: 'Try now', retryOf: 'Try now: {title}', retried: 'It is tried again.',
  none: 'No messages yet', noneText: 'Every message about an alarm stands here before it is sent, and what became of it.', noneOf: 'No such messages', paths: 'Ways to the receivers', pathOk: 'works', pathBroken: 'broken', pathSince: 'since {time}', waiting: '{n} waiting', lastSent: 'last {time}', error: 'Error',
}
const de: Record<keyof typeof en, string> = {
  title: 'Nachrichten', all: 'Alle', queued: 'Eingereiht', sent: 'Gesendet', retrying: 'Wird wiederholt', failed: 'Gescheitert', states: 'Zustand der Nachrichten', receiver: 'Empfänger', allReceivers: 'Alle Empfänger', message: 'Nachricht', attempts: 'Versuche', created: 'Erstellt', next: 'nächster Versuch in {time}', nextNow: 'nächster Versuch jetzt', sentAt: 'gesendet {time}', retry: 'Jetzt versuchen', retryOf: 'Jetzt versuchen: {title}', retried: 'Es wird erneut versucht.',
  none: 'Noch keine Nachrichten', noneText: 'Hier steht jede Nachricht über einen Alarm, bevor sie gesendet wird, und was aus ihr wurde.', noneOf: 'Keine solchen Nachrichten', paths: 'Wege zu den Empfängern', pathOk: 'geht', pathBroken: 'gestört', pathSince: 'seit {time}', waiting: '{n} warten', lastSent: 'zuletzt {time}', error: 'Fehler',
}
export const t = defineMessages('outbox', en, de)
