import { mdiBellOutline } from '@mdi/js'
import { tw } from '@/kit/words'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'alarms',
  order: 55,
  icon: mdiBellOutline,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 4, h: 4, minW: 2, minH: 2 },
  slots: [{ name: 'device', label: () => t('device'), type: 'device', optional: true }],
  options: () => ({ type: 'object', properties: { worst: { oneOf: (['info', 'warning', 'critical'] as const).map((severity) => ({ const: severity, title: tw(severity) })), default: 'info', title: t('worst') } } }),
  component: () => import('./AlarmsWidget.vue'),
} satisfies WidgetKind
