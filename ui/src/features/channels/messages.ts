import { defineMessages } from '@/i18n'

const en = {
  title: 'Channels', none: 'No channels yet', noneText: 'A channel is a file in channels/ of the project: it says which supply, load and meters are wired to one cell.', matrix: 'All channels',
  idle: 'Free', charging: 'Charging', discharging: 'Discharging', resting: 'At rest', paused: 'Paused', held: 'Waits for you', asks: 'Asks you', failed: 'Last run failed', starting: 'Starting', broken: 'File has errors',
  voltage: 'Voltage', current: 'Current', temp: 'Temperature', charge: 'Charge of the step', age: 'Sample age', output: 'Output (read back)', on: 'on', off: 'off', unknown: 'unknown', nearest: 'Nearest limit', margin: '{margin} {unit} to {name}', noLimit: 'no run, no limits in force',
  endIn: 'in {time}', runLeft: 'run: {time} left', protection: 'Hardware protection', armed: 'armed', partly: 'not as wanted', notArmed: 'set when a run starts', queue: 'Queue', queueEmpty: 'nothing waits', noRun: 'No run', start: 'Start a flow', cycle: 'cycle {n}',
  l_voltage_min: 'lower voltage limit', l_voltage_max: 'upper voltage limit', l_charge_current: 'charge current limit', l_discharge_current: 'discharge current limit', l_temp_min: 'lower temperature limit', l_temp_max: 'upper temperature limit',
  accept: 'Accept …', withdraw: 'Withdraw', asked: 'The channel file asks to accept', acceptedBy: 'accepted by {by}', notAccepted: 'not accepted: runs that need it are refused', simulated: 'simulated project: the file alone suffices',
  acceptTitle: 'Accept for {channel}: {what}', no_hardware_cutoff: 'no cutoff in the load', no_cell_voltages: 'no voltages of single cells', unlocked_keypad: 'keys of the instrument stay usable',
  t_no_hardware_cutoff: 'If this computer or the link fails while the cell is discharged, nothing stops the load: the cell can be destroyed or catch fire. Accept it only if a person watches, or other hardware cuts off.', t_no_cell_voltages: 'A pack is charged and discharged by its total voltage: a single cell may leave its limits unseen.', t_other: 'Protection is lowered.',
  person: 'Your name', reason: 'Reason', acceptNote: 'It holds for exactly this text of the file ({hash}); a changed file has to be accepted anew. Name and reason go into the audit log.', acceptNow: 'Accept', withdrawText: 'Runs that need it are refused from now on.',
}
const de: Record<keyof typeof en, string> = {
  title: 'Kanäle', none: 'Noch keine Kanäle', noneText: 'Ein Kanal ist eine Datei in channels/ des Projekts: Sie sagt, welches Netzgerät, welche Last und welche Messgeräte an einer Zelle hängen.', matrix: 'Alle Kanäle',
  idle: 'Frei', charging: 'Lädt', discharging: 'Entlädt', resting: 'In Ruhe', paused: 'Pausiert', held: 'Wartet auf dich', asks: 'Fragt dich', failed: 'Letzter Lauf gescheitert', starting: 'Startet', broken: 'Datei hat Fehler',
  voltage: 'Spannung', current: 'Strom', temp: 'Temperatur', charge: 'Ladung des Schritts', age: 'Alter des Messwerts', output: 'Ausgang (rückgelesen)', on: 'ein', off: 'aus', unknown: 'unbekannt', nearest: 'Nächste Grenze', margin: '{margin} {unit} {name}', noLimit: 'kein Lauf, keine Grenzen in Kraft',
  endIn: 'in {time}', runLeft: 'Lauf: noch {time}', protection: 'Schutz in den Geräten', armed: 'scharf', partly: 'nicht wie gewünscht', notArmed: 'wird beim Start gesetzt', queue: 'Warteschlange', queueEmpty: 'nichts wartet', noRun: 'Kein Lauf', start: 'Ablauf starten', cycle: 'Zyklus {n}',
  l_voltage_min: 'zur unteren Spannungsgrenze', l_voltage_max: 'zur oberen Spannungsgrenze', l_charge_current: 'zur Grenze des Ladestroms', l_discharge_current: 'zur Grenze des Entladestroms', l_temp_min: 'zur unteren Temperaturgrenze', l_temp_max: 'zur oberen Temperaturgrenze',
  accept: 'Akzeptieren …', withdraw: 'Zurücknehmen', asked: 'Die Kanaldatei bittet zu akzeptieren', acceptedBy: 'akzeptiert durch {by}', notAccepted: 'nicht akzeptiert: Läufe, die es brauchen, werden abgelehnt', simulated: 'simuliertes Projekt: die Datei allein genügt',
  acceptTitle: 'Für {channel} akzeptieren: {what}', no_hardware_cutoff: 'keine Abschaltung in der Last', no_cell_voltages: 'keine Spannungen der einzelnen Zellen', unlocked_keypad: 'Tasten des Geräts bleiben bedienbar',
  t_no_hardware_cutoff: 'Fällt dieser Rechner oder die Verbindung beim Entladen aus, hält nichts die Last an: Die Zelle kann zerstört werden oder brennen. Akzeptiere das nur, wenn jemand zusieht oder andere Hardware abschaltet.', t_no_cell_voltages: 'Ein Pack wird nach seiner Gesamtspannung geladen und entladen: Eine einzelne Zelle kann ihre Grenzen unbemerkt verlassen.', t_other: 'Der Schutz wird gesenkt.',
  person: 'Dein Name', reason: 'Grund', acceptNote: 'Es gilt für genau diesen Text der Datei ({hash}); eine geänderte Datei muss neu akzeptiert werden. Name und Grund kommen ins Audit-Protokoll.', acceptNow: 'Akzeptieren', withdrawText: 'Läufe, die es brauchen, werden ab jetzt abgelehnt.',
}
export const t = defineMessages('channels', en, de)
/** Keys for words that come from the files: items to accept. */
export const ITEMS: readonly string[] = ['no_hardware_cutoff', 'no_cell_voltages', 'unlocked_keypad']
