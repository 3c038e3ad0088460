/** What people call the keys of a flow, in their language; keys nobody listed are shown as they are written. */
import { locale } from '@/i18n'

const WORDS: Record<string, readonly [string, string]> = {
  current: ['Current', 'Strom'], voltage: ['Voltage', 'Spannung'], power: ['Power', 'Leistung'], resistance: ['Resistance', 'Widerstand'], duration: ['Duration', 'Dauer'], for: ['For', 'Für'], rest: ['Rest', 'Ruhe'], at: ['At', 'Zeitpunkte'],
  id: ['Id', 'Id'], name: ['Name', 'Name'], title: ['Title', 'Titel'], description: ['Description', 'Beschreibung'], enabled: ['Switched on', 'Eingeschaltet'], until: ['Until', 'Bis'], limits: ['Limits', 'Grenzen'], measure: ['Figures', 'Größen'], verdict: ['Verdict', 'Urteil'],
  when: ['When', 'Wenn'], if: ['If', 'Falls'], then: ['Then', 'Dann'], else: ['Else', 'Sonst'], trip: ['Trips when', 'Löst aus bei'], expr: ['Condition', 'Bedingung'], check: ['Condition', 'Bedingung'], condition: ['Condition', 'Bedingung'],
  samples: ['Samples', 'Messwerte'], reset: ['Reset when', 'Zurück bei'], hysteresis: ['Hysteresis', 'Hysterese'], unknown: ['If unknown', 'Wenn unbekannt'], phase: ['In phase', 'In Phase'], goto: ['Go on with', 'Weiter mit'], max: ['At most', 'Höchstens'], min: ['At least', 'Mindestens'],
  scope: ['Acts', 'Wirkt'], during: ['During', 'Während'], mode: ['If busy', 'Wenn beschäftigt'], cooldown: ['Cooldown', 'Sperrzeit'], per: ['Separately per', 'Getrennt je'], once: ['Once per', 'Einmal je'], max_gap: ['Longest gap', 'Längste Lücke'], on_gap: ['After a gap', 'Nach einer Lücke'],
  cell: ['Cell', 'Zelle'], channel: ['Channel', 'Kanal'], parameters: ['Parameters', 'Parameter'], record: ['Recording', 'Aufzeichnung'], cycle: ['Cycle', 'Zyklus'], soc: ['State of charge', 'Ladezustand'], on_power_loss: ['After power loss', 'Nach Stromausfall'],
  every: ['Every', 'Alle'], on_change: ['On a change by', 'Bei Änderung um'], begins: ['Begins with', 'Beginnt mit'], ends: ['Ends with', 'Endet mit'], ce: ['Efficiency', 'Wirkungsgrad'], temp: ['Temperature', 'Temperatur'],
  count: ['Rounds', 'Runden'], while: ['While', 'Solange'], for_each: ['For each', 'Für jedes'], counter: ['Counter', 'Zähler'], do: ['Does', 'Tut'], target: ['Step', 'Schritt'], sequence: ['Flow', 'Ablauf'], branches: ['Branches', 'Zweige'],
  method: ['Method', 'Verfahren'], direction: ['Direction', 'Richtung'], poll: ['Poll', 'Abfrage'], first: ['First', 'Zuerst'], repeat: ['Repeat', 'Wiederholen'], discharge: ['Discharge', 'Entladen'], charge: ['Charge', 'Laden'], rate: ['Rate', 'Rate'], over: ['Over', 'Über'], from: ['From', 'Von'], to: ['To', 'Nach'], point: ['Point', 'Punkt'],
  text: ['Text', 'Text'], message: ['Message', 'Nachricht'], label: ['Label', 'Beschriftung'], level: ['Level', 'Stufe'], severity: ['Severity', 'Schwere'], key: ['Key', 'Schlüssel'], of: ['Of', 'Von'], device: ['Device', 'Gerät'], color: ['Colour', 'Farbe'], notes: ['Notes', 'Notizen'], reason: ['Reason', 'Grund'],
  timeout: ['Timeout', 'Zeitgrenze'], on_timeout: ['After timeout', 'Nach Zeitgrenze'], choices: ['Choices', 'Auswahl'], unit: ['Unit', 'Einheit'], keep_on: ['Outputs stay on', 'Ausgänge bleiben an'], with: ['With', 'Mit'], resume: ['Resume', 'Fortsetzen'], help: ['Help', 'Hilfe'], default: ['Default', 'Vorgabe'],
  chamber: ['Chamber', 'Kammer'], within: ['Within', 'Innerhalb'], reading: ['Reading', 'Messwert'], below: ['Below', 'Unter'], above: ['Above', 'Über'], tolerance: ['Tolerance', 'Toleranz'], floor: ['Floor', 'Untergrenze'], max_path: ['Path at most', 'Weg höchstens'], currents: ['Currents', 'Ströme'], moved: ['Moved by', 'Verschoben um'],
  file: ['File', 'Datei'], scale: ['Scale', 'Faktor'], clip: ['Clip', 'Beschneiden'], format: ['Format', 'Format'], url: ['Address', 'Adresse'], body: ['Body', 'Inhalt'], fields: ['Fields', 'Felder'], topic: ['Topic', 'Thema'], payload: ['Payload', 'Inhalt'], broker: ['Broker', 'Broker'], qos: ['QoS', 'QoS'], retain: ['Retain', 'Behalten'], retained: ['Retained', 'Behaltene'],
  bindings: ['Bindings', 'Bindungen'], queue: ['Queue', 'Einreihen'], wait: ['Wait', 'Warten'], safe: ['Safe after it', 'Danach sicher'], run: ['Run', 'Lauf'], how: ['How', 'Wie'], set: ['Values', 'Werte'], add: ['Add', 'Addieren'], values: ['Values', 'Werte'], transition: ['What happens', 'Was geschieht'], state: ['State', 'Zustand'], what: ['What', 'Was'], step: ['Step', 'Schritt'], ended_by: ['Ended by', 'Beendet durch'],
  cron: ['Cron', 'Cron'], edge: ['Edge', 'Flanke'], at_start: ['At start', 'Beim Start'], action: ['What', 'Was'], path: ['Path', 'Pfad'], value: ['Value', 'Wert'], after: ['After', 'Nach'], before: ['Before', 'Vor'], days: ['Days', 'Tage'], is: ['Is', 'Ist'],
}
const CHOICES: Record<string, readonly [string, string]> = {
  pass: ['pass', 'bestanden'], fail: ['fail', 'durchgefallen'], inconclusive: ['inconclusive', 'unklar'], run: ['while the flow runs', 'während der Ablauf läuft'], always: ['always', 'immer'], hold: ['hold', 'halten'], abort: ['abort', 'abbrechen'], resume: ['resume', 'fortsetzen'],
  single: ['leave it', 'lassen'], restart: ['begin anew', 'neu beginnen'], queued: ['one after the other', 'nacheinander'], parallel: ['at the same time', 'gleichzeitig'], rising: ['becomes true', 'wird wahr'], falling: ['becomes false', 'wird falsch'], both: ['both', 'beides'], level: ['while true', 'solange wahr'],
}
const pick = (pair: readonly [string, string]) => pair[locale() === 'de' ? 1 : 0]

export function wordFor(key: string): string {
  const known = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined
  if (known) return pick(known)
  const text = key.replaceAll('_', ' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** A choice as the file writes it, with what it means where that differs. */
export function choiceFor(key: string, value: string): string {
  const shown = key === 'scope' || key === 'mode' || key === 'edge' || key === 'verdict' || key === 'on_power_loss' ? CHOICES[value] : undefined
  const word = shown ? pick(shown) : value
  return word === value ? value : `${word} (${value})`
}
