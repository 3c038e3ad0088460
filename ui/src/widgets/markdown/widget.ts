import { mdiTextBoxOutline } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'markdown',
  order: 90,
  icon: mdiTextBoxOutline,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 3, h: 3, minW: 1, minH: 1 },
  slots: [],
  options: () => ({ type: 'object', properties: { text: { type: 'string', format: 'multiline', maxLength: 20_000, title: t('text') } } }),
  component: () => import('./MarkdownWidget.vue'),
} satisfies WidgetKind
