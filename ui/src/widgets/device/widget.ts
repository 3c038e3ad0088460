import { mdiChip } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'device',
  order: 60,
  icon: mdiChip,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 4, h: 7, minW: 3, minH: 3 },
  bare: true,
  slots: [{ name: 'device', label: () => t('device'), type: 'device' }],
  options: () => ({ type: 'object', properties: {} }),
  component: () => import('./DeviceWidget.vue'),
} satisfies WidgetKind
