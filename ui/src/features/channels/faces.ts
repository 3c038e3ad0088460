/** Colour, icon and word of a channel's state: never the colour alone. */
import { mdiAccountClockOutline, mdiAlertCircleOutline, mdiBatteryArrowDownOutline, mdiBatteryArrowUpOutline, mdiBatteryOutline, mdiChatQuestionOutline, mdiFileAlertOutline, mdiPauseCircleOutline, mdiPowerSleep, mdiProgressClock } from '@mdi/js'
import type { ChannelState } from './state'

export const FACES: Record<ChannelState, { icon: string; color: string }> = {
  idle: { icon: mdiPowerSleep, color: '--text-3' },
  charging: { icon: mdiBatteryArrowUpOutline, color: '--charge' },
  discharging: { icon: mdiBatteryArrowDownOutline, color: '--discharge' },
  resting: { icon: mdiBatteryOutline, color: '--rest' },
  paused: { icon: mdiPauseCircleOutline, color: '--warn' },
  held: { icon: mdiAccountClockOutline, color: '--warn' },
  asks: { icon: mdiChatQuestionOutline, color: '--warn' },
  failed: { icon: mdiAlertCircleOutline, color: '--bad' },
  starting: { icon: mdiProgressClock, color: '--accent' },
  broken: { icon: mdiFileAlertOutline, color: '--bad' },
}
