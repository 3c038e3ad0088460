/** Icon and colour of a step by its verb; colour never says anything alone. */
import {
  mdiAccountQuestionOutline, mdiAlertOutline, mdiBatteryArrowDownOutline, mdiBatteryArrowUpOutline, mdiBellOutline, mdiCallSplit, mdiChartTimelineVariant, mdiCogPlayOutline, mdiFileExportOutline,
  mdiFlagCheckered, mdiLabelOutline, mdiLightningBoltOutline, mdiMapMarkerOutline, mdiPlaylistPlay, mdiRepeat, mdiScriptTextOutline, mdiShieldHalfFull, mdiShieldOutline, mdiSleep, mdiStepForward, mdiSync, mdiTextBoxOutline, mdiThermometer, mdiTimerSand, mdiTune, mdiUndoVariant,
} from '@mdi/js'

const ICONS: Record<string, string> = {
  charge: mdiBatteryArrowUpOutline, precharge: mdiBatteryArrowUpOutline, discharge: mdiBatteryArrowDownOutline, rest: mdiSleep, wait: mdiTimerSand, wait_for: mdiTimerSand, soak: mdiThermometer,
  repeat: mdiRepeat, loop: mdiRepeat, if: mdiCallSplit, parallel: mdiSync, sync: mdiSync, call: mdiPlaylistPlay, run: mdiPlaylistPlay, goto: mdiUndoVariant, label: mdiLabelOutline, prompt: mdiAccountQuestionOutline,
  marker: mdiMapMarkerOutline, log: mdiTextBoxOutline, notify: mdiBellOutline, alarm: mdiAlertOutline, export: mdiFileExportOutline, script: mdiScriptTextOutline, set: mdiTune, ramp: mdiChartTimelineVariant, drive: mdiChartTimelineVariant, profile: mdiChartTimelineVariant,
  safe_state: mdiShieldOutline, panic: mdiShieldHalfFull, stop_run: mdiFlagCheckered, rule: mdiLightningBoltOutline, variables: mdiCogPlayOutline,
}
const TONES: Record<string, string> = { charge: 'charge', precharge: 'charge', discharge: 'discharge', repeat: 'power', loop: 'power', if: 'power', parallel: 'power', call: 'power', rest: 'rest', safe_state: 'ok', panic: 'bad', alarm: 'warn' }

export const iconOf = (verb: string): string => ICONS[verb] ?? mdiStepForward
/** Name of the colour variable. */
export const toneOf = (verb: string): string => `var(--${TONES[verb] ?? 'rest'})`
