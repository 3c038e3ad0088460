/** What a channel measures: the points `CH1.<id>` with unit and digits. */
export const CHANNEL_QUANTITIES = [
  { id: 'voltage', unit: 'V', precision: 4 },
  { id: 'current', unit: 'A', precision: 3 },
  { id: 'power', unit: 'W', precision: 2 },
  { id: 'temp', unit: '°C', precision: 1 },
  { id: 'ah', unit: 'Ah', precision: 4 },
] as const
