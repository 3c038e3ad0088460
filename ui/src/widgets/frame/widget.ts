import { mdiCctv } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'frame',
  order: 95,
  icon: mdiCctv,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 4, h: 4, minW: 2, minH: 2 },
  slots: [],
  options: () => ({
    type: 'object',
    properties: {
      url: { type: 'string', maxLength: 2000, title: t('url') },
      kind: { oneOf: [{ const: 'page', title: t('page') }, { const: 'picture', title: t('picture') }], default: 'page', title: t('kind') },
      refresh_s: { type: 'integer', minimum: 0, maximum: 86_400, default: 0, title: t('refresh') },
    },
  }),
  component: () => import('./FrameWidget.vue'),
} satisfies WidgetKind
