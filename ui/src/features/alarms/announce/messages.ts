/** Words of sound and desktop messages. */
import { defineMessages } from '@/i18n'

const en = {
  title: 'Sound and desktop messages', text: 'For this browser; the choice is kept. A page of the bench must be open.', off: 'off',
  sound: 'Sound', soundText: 'New alarms sound; critical ones keep sounding until somebody acknowledges them.', volume: 'Volume', tryIt: 'Try', locked: 'The browser plays no sound before you have clicked on the page.',
  desktop: 'Desktop messages', desktopText: 'Shown while you look at something else. A burst becomes one message.', denied: 'The browser has blocked messages of this page; allow them in its settings for this site.', insecure: 'The browser allows this only over https or on this computer.',
  what: 'What for', all: 'Every alarm', routed: 'What routes send to pages', hush: 'Silence the sound', hushText: 'Silent until another alarm comes; nothing is acknowledged', testBody: 'This is how an alarm is told.',
  many: '{n} alarms, the worst: {worst}', andMore: 'and {n} more',
}
const de: Record<keyof typeof en, string> = {
  title: 'Ton und Desktop-Meldungen', text: 'Für diesen Browser; die Wahl bleibt. Eine Seite des Messplatzes muss offen sein.', off: 'aus',
  sound: 'Ton', soundText: 'Neue Alarme tönen; kritische tönen, bis sie jemand quittiert.', volume: 'Lautstärke', tryIt: 'Probe', locked: 'Der Browser spielt erst Ton, wenn du auf die Seite geklickt hast.',
  desktop: 'Desktop-Meldungen', desktopText: 'Erscheinen, während du etwas anderes ansiehst. Eine Welle wird zu einer Meldung.', denied: 'Der Browser hat Meldungen dieser Seite gesperrt; erlaube sie in seinen Einstellungen für diese Seite.', insecure: 'Der Browser erlaubt das nur über https oder auf diesem Rechner.',
  what: 'Wofür', all: 'Jeder Alarm', routed: 'Was Wege an Seiten schicken', hush: 'Ton abstellen', hushText: 'Still, bis ein weiterer Alarm kommt; nichts wird quittiert', testBody: 'So wird ein Alarm gemeldet.',
  many: '{n} Alarme, der schlimmste: {worst}', andMore: 'und {n} weitere',
}
export const t = defineMessages('announce', en, de)
