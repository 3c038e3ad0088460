/** Icons of devices: by their name where we know it, else by category; what is unknown gets a neutral one. */
import {
  mdiBattery50, mdiBatteryChargingMedium, mdiCarBattery, mdiChip, mdiConsoleLine, mdiCogOutline, mdiCurrentAc, mdiCurrentDc, mdiDeveloperBoard, mdiDownloadOutline, mdiElectricSwitch, mdiEngineOutline, mdiFan, mdiFlash, mdiFlaskOutline,
  mdiFridgeOutline, mdiGauge, mdiLightningBolt, mdiMeterElectricOutline, mdiPlayBoxOutline, mdiPowerSocket, mdiPrinter3d, mdiRadiator, mdiResistor, mdiSchool, mdiServerNetwork, mdiSineWave, mdiSolarPower, mdiSourceBranch,
  mdiTableFurniture, mdiThermometer, mdiToggleSwitchOutline, mdiWaterOutline, mdiWeightLifter,
} from '@mdi/js'

/** Offered in the wizard; the names are those of Material Design Icons. */
export const DEVICE_ICONS: Record<string, string> = {
  'developer-board': mdiDeveloperBoard, 'lightning-bolt': mdiLightningBolt, flash: mdiFlash, 'power-socket': mdiPowerSocket, 'current-dc': mdiCurrentDc, 'current-ac': mdiCurrentAc, resistor: mdiResistor, 'weight-lifter': mdiWeightLifter,
  gauge: mdiGauge, 'meter-electric-outline': mdiMeterElectricOutline, 'sine-wave': mdiSineWave, thermometer: mdiThermometer, radiator: mdiRadiator, 'fridge-outline': mdiFridgeOutline, fan: mdiFan, 'battery-50': mdiBattery50,
  'battery-charging-medium': mdiBatteryChargingMedium, 'car-battery': mdiCarBattery, 'solar-power': mdiSolarPower, 'electric-switch': mdiElectricSwitch, 'toggle-switch-outline': mdiToggleSwitchOutline, chip: mdiChip, 'server-network': mdiServerNetwork,
  'console-line': mdiConsoleLine, 'printer-3d': mdiPrinter3d, 'engine-outline': mdiEngineOutline, 'water-outline': mdiWaterOutline, 'flask-outline': mdiFlaskOutline, 'cog-outline': mdiCogOutline, 'table-furniture': mdiTableFurniture, 'play-box-outline': mdiPlayBoxOutline, school: mdiSchool,
}

const BY_WORD: Record<string, string> = {
  psu: mdiFlash, supply: mdiFlash, power_supply: mdiFlash, load: mdiDownloadOutline, electronic_load: mdiDownloadOutline, meter: mdiGauge, dmm: mdiGauge, chamber: mdiThermometer, temperature: mdiThermometer, relay: mdiElectricSwitch,
  bms: mdiBattery50, battery: mdiBattery50, channel: mdiSourceBranch,
}

export function deviceIcon(category: string, icon = ''): string {
  const own = icon === 'developer-board' ? undefined : (DEVICE_ICONS[icon] ?? BY_WORD[icon])
  return own ?? BY_WORD[category] ?? DEVICE_ICONS[icon] ?? mdiChip
}
