import { mdiRecordCircleOutline } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'session',
  order: 80,
  icon: mdiRecordCircleOutline,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 3, h: 3, minW: 2, minH: 3 },
  slots: [],
  options: () => ({ type: 'object', properties: {} }),
  component: () => import('./SessionWidget.vue'),
} satisfies WidgetKind
