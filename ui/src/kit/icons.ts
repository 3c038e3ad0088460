/** Icons of devices by category; unknown categories get a neutral one. */
import {
  mdiBattery50,
  mdiChip,
  mdiDownloadOutline,
  mdiFlash,
  mdiGauge,
  mdiSourceBranch,
  mdiThermometer,
} from '@mdi/js'

const BY_WORD: Record<string, string> = {
  psu: mdiFlash,
  supply: mdiFlash,
  power_supply: mdiFlash,
  load: mdiDownloadOutline,
  electronic_load: mdiDownloadOutline,
  meter: mdiGauge,
  dmm: mdiGauge,
  chamber: mdiThermometer,
  temperature: mdiThermometer,
  bms: mdiBattery50,
  battery: mdiBattery50,
  channel: mdiSourceBranch,
}

export function deviceIcon(category: string, icon = ''): string {
  return BY_WORD[icon] ?? BY_WORD[category] ?? mdiChip
}
