import { mdiDevices } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'device_manager',
  order: 62,
  icon: mdiDevices,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 4, h: 4, minW: 3, minH: 2 },
  slots: [],
  options: () => ({ type: 'object', properties: {} }),
  component: () => import('./DeviceManagerWidget.vue'),
} satisfies WidgetKind
