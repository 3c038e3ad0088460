/** Words of the shell. */
import { defineMessages } from '@/i18n'

const en = {
  allOff: 'All off', allOffHint: 'Switches every output of the project off at once', navigation: 'Main navigation', skip: 'Skip to content',
  noProject: 'No project', switchProject: 'Change project', alarms: 'Alarms: {count}, not acknowledged: {unacked}', noAlarms: 'No alarms',
  online: 'Connected', connecting: 'Connecting …', offline: 'Connection lost', offlineText: 'The connection to the server is lost; values are frozen. Trying again …',
  themeLight: 'Light theme', themeDark: 'Dark theme', language: 'Deutsch', languageHint: 'Sprache auf Deutsch umstellen',
  simulate: 'Simulate', shadow: 'Shadow', armed: 'Armed',
  simulateHint: 'Virtual devices only: nothing real is switched', shadowHint: 'Reads real devices; writes are logged, not sent', armedHint: 'Writes go to real devices',
  armTitle: 'Arm this project?', armText: 'From now on set-points and switches are written to real devices.', arm: 'Arm', armedBy: 'armed by {who}', disarm: 'Back to shadow', modeMenu: 'Change mode',
  disarmText: 'Writes are logged and no longer sent to the devices.',
  notRecording: 'Not recording', recording: 'Recording', startRecording: 'Start recording', stopRecording: 'Stop recording', stopText: 'The running session “{name}” is completed.',
  sessionName: 'Name of the session', sessionCell: 'Cell', sessionAmbient: 'Ambient', sessionNotes: 'Notes', recordText: 'Measured values are stored until you stop the session.',
  noRun: 'No run', idle: 'Idle', runRunning: 'Running', runPaused: 'Paused', runHeld: 'Waits for you', runAsks: 'Asks you', runQueued: 'Queued', runStarting: 'Starting', runStopping: 'Stopping', runFinished: 'Finished',
  panicTitle: 'All outputs off', panicSent: 'All off was pressed.', panicSome: 'Not every output could be proven off. Check these devices by hand:',
  panicProven: 'off, proven by read-back', panicUnproven: 'off, not proven', panicFailed: 'failed', rearm: 'Re-arm …', rearmTitle: 'Allow writing again?',
  rearmText: 'Outputs stay off until somebody switches them on. The reason goes into the audit log.', panicBy: 'by {who}', virtualTime: 'Virtual time', pace: 'pace', paceMax: 'max', realPace: 'as real time', maxPace: 'as fast as the computer can',
  virtualHint: 'This bench is simulated: all times shown are its virtual time.', panicStays: 'Nothing switches on again by itself, and writing is locked until you re-arm.', panicReason: 'Reason (at least 3 letters)',
  writeTitle: 'Write to {device}?', writeNow: 'Write', becomes: 'becomes', waits: 'the server waits {s} s', tooLate: 'The question has expired.', askAgain: 'Ask again', takeOverTitle: 'Held by {owner}', takeOver: 'Take over', takeOverText: '{owner} holds this output. Taking over pauses it; it goes on only when you resume it.',
  interlockTripped: 'Interlock tripped: {text}', interlocksTripped: '{n} interlocks tripped',
  updated: 'Written: {what}', noPage: 'This page could not be loaded.',
}
const de: Record<keyof typeof en, string> = {
  allOff: 'Alles aus', allOffHint: 'Schaltet sofort jeden Ausgang des Projekts ab', navigation: 'Hauptnavigation', skip: 'Zum Inhalt',
  noProject: 'Kein Projekt', switchProject: 'Projekt wechseln', alarms: 'Alarme: {count}, unquittiert: {unacked}', noAlarms: 'Keine Alarme',
  online: 'Verbunden', connecting: 'Verbindet …', offline: 'Verbindung verloren', offlineText: 'Die Verbindung zum Server ist weg; die Werte sind eingefroren. Neuer Versuch läuft …',
  themeLight: 'Helles Design', themeDark: 'Dunkles Design', language: 'English', languageHint: 'Switch language to English',
  simulate: 'Simulation', shadow: 'Schatten', armed: 'Scharf',
  simulateHint: 'Nur virtuelle Geräte: nichts Echtes wird geschaltet', shadowHint: 'Liest echte Geräte; Schreiben wird protokolliert, nicht gesendet', armedHint: 'Schreiben geht an echte Geräte',
  armTitle: 'Projekt scharf schalten?', armText: 'Ab jetzt werden Sollwerte und Schalter an echte Geräte geschrieben.', arm: 'Scharf schalten', armedBy: 'scharf durch {who}', disarm: 'Zurück zu Schatten', modeMenu: 'Modus ändern',
  disarmText: 'Schreiben wird protokolliert und nicht mehr an die Geräte gesendet.',
  notRecording: 'Keine Aufnahme', recording: 'Aufnahme', startRecording: 'Aufnahme starten', stopRecording: 'Aufnahme beenden', stopText: 'Die laufende Sitzung „{name}“ wird abgeschlossen.',
  sessionName: 'Name der Sitzung', sessionCell: 'Zelle', sessionAmbient: 'Umgebung', sessionNotes: 'Notizen', recordText: 'Messwerte werden gespeichert, bis die Sitzung beendet wird.',
  noRun: 'Kein Lauf', idle: 'Bereit', runRunning: 'Läuft', runPaused: 'Pausiert', runHeld: 'Wartet auf dich', runAsks: 'Fragt dich', runQueued: 'Wartet', runStarting: 'Startet', runStopping: 'Stoppt', runFinished: 'Beendet',
  panicTitle: 'Alle Ausgänge aus', panicSent: '„Alles aus“ wurde gedrückt.', panicSome: 'Nicht jeder Ausgang ist nachweislich aus. Diese Geräte von Hand prüfen:',
  panicProven: 'aus, durch Rücklesen belegt', panicUnproven: 'aus, nicht belegt', panicFailed: 'fehlgeschlagen', rearm: 'Wieder freigeben …', rearmTitle: 'Schreiben wieder erlauben?',
  rearmText: 'Ausgänge bleiben aus, bis jemand sie einschaltet. Der Grund kommt ins Audit-Protokoll.', panicBy: 'durch {who}', virtualTime: 'Virtuelle Zeit', pace: 'Tempo', paceMax: 'max', realPace: 'wie in Wirklichkeit', maxPace: 'so schnell der Rechner kann',
  virtualHint: 'Dieser Messplatz ist simuliert: alle gezeigten Zeiten sind seine virtuelle Zeit.', panicStays: 'Nichts geht von selbst wieder an, und Schreiben ist gesperrt, bis du wieder freigibst.', panicReason: 'Grund (mindestens 3 Zeichen)',
  writeTitle: 'An {device} schreiben?', writeNow: 'Schreiben', becomes: 'wird', waits: 'der Server wartet {s} s', tooLate: 'Die Frage ist abgelaufen.', askAgain: 'Neu fragen', takeOverTitle: 'Gehalten von {owner}', takeOver: 'Übernehmen', takeOverText: '{owner} hält diesen Ausgang. Wer übernimmt, pausiert ihn; weiter geht es erst, wenn du fortsetzt.',
  interlockTripped: 'Verriegelung ausgelöst: {text}', interlocksTripped: '{n} Verriegelungen ausgelöst',
  updated: 'Geschrieben: {what}', noPage: 'Diese Seite ließ sich nicht laden.',
}
export const t = defineMessages('shell', en, de)
