import { defineMessages } from '@/i18n'

const en = { title: 'Chart', help: 'Curves of several points with limits and markers; leads into the recorded past without an edge.', points: 'Points', window: 'Time window in seconds', limits: 'Alarm bands and limits', markers: 'Markers', low: 'Lower end of the axis', high: 'Upper end of the axis' }
const de: Record<keyof typeof en, string> = { title: 'Kurven', help: 'Kurven mehrerer Messpunkte mit Grenzen und Marken; führt ohne Kante in die aufgezeichnete Vergangenheit.', points: 'Messpunkte', window: 'Zeitfenster in Sekunden', limits: 'Alarmbänder und Grenzen', markers: 'Marken', low: 'Unteres Ende der Achse', high: 'Oberes Ende der Achse' }
export const t = defineMessages('widgetChart', en, de)
