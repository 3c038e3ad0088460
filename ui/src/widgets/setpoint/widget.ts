import { mdiTuneVertical } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { t } from './messages'

export default {
  type: 'setpoint',
  order: 25,
  icon: mdiTuneVertical,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 3, h: 3, minW: 2, minH: 2 },
  slots: [
    { name: 'point', label: () => t('point'), type: 'point', kinds: ['numeric'], writable: true },
    { name: 'actual', label: () => t('actual'), type: 'point', kinds: ['numeric'], optional: true },
  ],
  options: () => ({
    type: 'object',
    properties: {
      confirm: { type: 'boolean', default: true, title: t('confirm') },
      step: { type: 'number', exclusiveMinimum: 0, title: t('step') },
      presets: { type: 'string', maxLength: 200, title: t('presets') },
    },
  }),
  fits: (entity) => (entity.access !== 'RO' && entity.kind === 'numeric' ? 3 : 0),
  component: () => import('./SetpointWidget.vue'),
} satisfies WidgetKind
