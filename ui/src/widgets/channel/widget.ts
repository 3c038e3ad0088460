import { mdiBatteryChargingMedium } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'channel',
  order: 65,
  icon: mdiBatteryChargingMedium,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 12, h: 4, minW: 4, minH: 2 },
  bare: true,
  slots: [{ name: 'channel', label: () => t('channel'), type: 'channel' }],
  options: () => ({ type: 'object', properties: {} }),
  component: () => import('./ChannelWidget.vue'),
} satisfies WidgetKind
