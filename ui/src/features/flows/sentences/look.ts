/** Icon, colour and short name of each verb, the same in the table, the palette, the quick add and on the canvas. */
import {
  mdiAlertDecagramOutline, mdiBatteryArrowDownOutline, mdiBatteryArrowUpOutline, mdiBatteryHeartOutline, mdiBellOutline, mdiBookmarkOutline, mdiBroadcast, mdiCallSplit, mdiClockOutline, mdiCogOutline, mdiCompareHorizontal, mdiConnection, mdiCounter, mdiDatabaseExportOutline, mdiEarHearing, mdiFlagOutline,
  mdiHandBackRight, mdiHelpRhombusOutline, mdiLanguagePython, mdiLinkVariant, mdiLinkVariantOff, mdiMessageOutline, mdiOmega, mdiPlayCircleOutline, mdiPowerPlugOffOutline, mdiPulse, mdiRecordCircleOutline, mdiRepeat, mdiScriptTextOutline, mdiSetMerge, mdiShieldCheckOutline, mdiShieldHalfFull, mdiSineWave, mdiSleep, mdiSlopeUphill, mdiStateMachine,
  mdiStepForward, mdiStopCircleOutline, mdiSubdirectoryArrowRight, mdiTableArrowRight, mdiTextLong, mdiThermometer, mdiTimerSand, mdiTuneVariant, mdiArrowRightBottom, mdiWebhook,
} from '@mdi/js'
import { isMap, type FlowNode } from '../model/graph'
import { t } from './names'

export type Tone = 'charge' | 'discharge' | 'rest' | 'power' | 'voltage' | 'current' | 'temp' | 'warn' | 'accent' | 'bad'
export interface Look { icon: string; tone: Tone }

const of = (icon: string, tone: Tone): Look => ({ icon, tone })
const LOOKS: Record<string, Look> = {
  charge: of(mdiBatteryArrowUpOutline, 'charge'), precharge: of(mdiBatteryHeartOutline, 'charge'), discharge: of(mdiBatteryArrowDownOutline, 'discharge'), rest: of(mdiSleep, 'rest'), ramp: of(mdiSlopeUphill, 'charge'), profile: of(mdiTableArrowRight, 'charge'), soak: of(mdiThermometer, 'temp'),
  dcir: of(mdiOmega, 'voltage'), pulse: of(mdiPulse, 'voltage'), contact_check: of(mdiConnection, 'voltage'), cross_check: of(mdiCompareHorizontal, 'voltage'), connect: of(mdiLinkVariant, 'rest'), disconnect: of(mdiLinkVariantOff, 'rest'),
  repeat: of(mdiRepeat, 'power'), loop: of(mdiRepeat, 'power'), if: of(mdiHelpRhombusOutline, 'power'), parallel: of(mdiCallSplit, 'power'), label: of(mdiFlagOutline, 'rest'), goto: of(mdiArrowRightBottom, 'power'), call: of(mdiSubdirectoryArrowRight, 'power'), wait: of(mdiTimerSand, 'rest'), wait_for: of(mdiClockOutline, 'rest'), prompt: of(mdiHandBackRight, 'accent'), sync: of(mdiSetMerge, 'power'),
  marker: of(mdiBookmarkOutline, 'accent'), log: of(mdiTextLong, 'rest'), notify: of(mdiMessageOutline, 'accent'), alarm: of(mdiBellOutline, 'warn'), export: of(mdiDatabaseExportOutline, 'accent'), session: of(mdiRecordCircleOutline, 'accent'), event: of(mdiBroadcast, 'accent'), http: of(mdiWebhook, 'accent'), publish: of(mdiBroadcast, 'accent'), mqtt: of(mdiBroadcast, 'accent'), webhook: of(mdiWebhook, 'accent'),
  set: of(mdiTuneVariant, 'current'), variables: of(mdiCounter, 'current'), script: of(mdiLanguagePython, 'current'), run: of(mdiPlayCircleOutline, 'charge'), rule: of(mdiStateMachine, 'power'), stop_run: of(mdiStopCircleOutline, 'warn'), safe_state: of(mdiShieldCheckOutline, 'warn'), panic: of(mdiPowerPlugOffOutline, 'bad'),
  expr: of(mdiSineWave, 'temp'), threshold: of(mdiSineWave, 'temp'), schedule: of(mdiClockOutline, 'rest'), stale: of(mdiEarHearing, 'warn'), device: of(mdiCogOutline, 'current'), change: of(mdiSineWave, 'current'), startup: of(mdiPlayCircleOutline, 'rest'), manual: of(mdiHandBackRight, 'rest'),
  limit: of(mdiShieldHalfFull, 'warn'), end: of(mdiStepForward, 'rest'), all: of(mdiScriptTextOutline, 'rest'), any: of(mdiScriptTextOutline, 'rest'), not: of(mdiAlertDecagramOutline, 'rest'), state: of(mdiCogOutline, 'rest'), time: of(mdiClockOutline, 'rest'),
}
const OTHER = of(mdiStepForward, 'rest')

export const lookOf = (verb: string): Look => (Object.hasOwn(LOOKS, verb) ? (LOOKS[verb] ?? OTHER) : OTHER)
export const lookOfNode = (node: FlowNode): Look => lookOf(['rule', 'limit', 'end'].includes(node.kind) ? node.kind : isMap(node.value) || node.verb in LOOKS ? node.verb : 'expr')

/** `Charge`, `Wait for`; a verb nobody here knows as it is. */
export const verbName = t
