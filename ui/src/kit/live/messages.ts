import { defineMessages } from '@/i18n'

const en = {
  noDevices: 'No devices yet', noDevicesText: 'Add a device to see its values here.',
  good: 'good', unsure: 'unsure', bad: 'bad', stale: 'stale', unconfirmed: 'unconfirmed', LO: 'low', LOLO: 'too low', HI: 'high', HIHI: 'too high',
  on: 'On', off: 'Off', set: 'Set', run: 'Run', pending: 'waiting for read-back …', notNumber: 'Not a number', below: 'At least {min}', above: 'At most {max}',
  unconfirmedWrite: '{name}: written, but the device did not confirm it', shadowed: '{name}: logged only, this project is in shadow mode', writeOther: '{name}: the device took {value}',
  chart: 'Chart', points: 'Points', window: 'Time window', addMarker: 'Marker', markerLabel: 'Text of the marker', noPoints: 'Choose points for the chart', chartOf: 'Chart of {points}',
  voltage: 'Voltage', current: 'Current', power: 'Power', temp: 'Temperature', charge: 'Charge of the step', energy: 'Energy of the step', step: 'Step', cycle: 'Cycle', phase: 'Phase', channel: 'Channel', age: 'Age',
  charging: 'charging', discharging: 'discharging', resting: 'at rest',
  live: 'live', played: 'playback', toLive: 'Live', toMoment: 'To the moment', panBack: 'Back in time', panOn: 'On in time', zoomIn: 'Closer', zoomOut: 'More time', markHere: 'Set a marker by a click', pickTime: 'Click where the marker belongs', markerAt: 'The marker is set at {time}.',
  loadingPast: 'Loading the past', nothingThen: 'Nothing was recorded in this time', nothingYet: 'No values yet', runLimit: 'limit of the run', chartKeys: 'Arrow keys move in time, plus and minus zoom, End returns to now, M sets a marker. Drag zooms, Shift and drag moves, Control and wheel zooms.',
  past: 'The page shows the past: nothing can be switched. Go back to live first.', lostLink: 'No connection to the server', writeTitle: 'Set {name}?', writeText: '{device}, {name}: from {old} to {value}.', less: 'Less', more: 'More', actual: 'is', unknownState: 'unknown',
}
const de: Record<keyof typeof en, string> = {
  noDevices: 'Noch keine Geräte', noDevicesText: 'Füge ein Gerät hinzu, dann stehen hier seine Werte.',
  good: 'gut', unsure: 'unsicher', bad: 'schlecht', stale: 'veraltet', unconfirmed: 'unbestätigt', LO: 'niedrig', LOLO: 'zu niedrig', HI: 'hoch', HIHI: 'zu hoch',
  on: 'Ein', off: 'Aus', set: 'Setzen', run: 'Ausführen', pending: 'wartet auf Rücklesen …', notNumber: 'Keine Zahl', below: 'Mindestens {min}', above: 'Höchstens {max}',
  unconfirmedWrite: '{name}: geschrieben, aber vom Gerät nicht bestätigt', shadowed: '{name}: nur protokolliert, das Projekt ist im Schattenmodus', writeOther: '{name}: das Gerät hat {value} übernommen',
  chart: 'Kurven', points: 'Messpunkte', window: 'Zeitfenster', addMarker: 'Marke', markerLabel: 'Text der Marke', noPoints: 'Messpunkte für die Kurven wählen', chartOf: 'Kurven von {points}',
  voltage: 'Spannung', current: 'Strom', power: 'Leistung', temp: 'Temperatur', charge: 'Ladung des Schritts', energy: 'Energie des Schritts', step: 'Schritt', cycle: 'Zyklus', phase: 'Phase', channel: 'Kanal', age: 'Alter',
  charging: 'lädt', discharging: 'entlädt', resting: 'in Ruhe',
  live: 'live', played: 'Wiedergabe', toLive: 'Live', toMoment: 'Zum Moment', panBack: 'Zurück in der Zeit', panOn: 'Vor in der Zeit', zoomIn: 'Näher', zoomOut: 'Mehr Zeit', markHere: 'Marke durch Klick setzen', pickTime: 'Klicke dorthin, wo die Marke hingehört', markerAt: 'Die Marke wird bei {time} gesetzt.',
  loadingPast: 'Vergangenheit wird geladen', nothingThen: 'In dieser Zeit wurde nichts aufgezeichnet', nothingYet: 'Noch keine Werte', runLimit: 'Grenze des Laufs', chartKeys: 'Pfeiltasten bewegen in der Zeit, Plus und Minus zoomen, Ende führt zurück ins Jetzt, M setzt eine Marke. Ziehen zoomt, Umschalt und Ziehen verschiebt, Strg und Rad zoomt.',
  past: 'Die Seite zeigt Vergangenes: geschaltet werden kann nichts. Gehe zuerst zurück zu Live.', lostLink: 'Keine Verbindung zum Server', writeTitle: '{name} setzen?', writeText: '{device}, {name}: von {old} auf {value}.', less: 'Weniger', more: 'Mehr', actual: 'ist', unknownState: 'unbekannt',
}
export const t = defineMessages('live', en, de)
