import { mdiGestureTapButton } from '@mdi/js'
import type { WidgetKind } from '../contract'
import { ACTIONS } from './actions'
import { t } from './messages'
import { choiceOf, readNames, ruleNames, scriptNames } from './names'

export default {
  type: 'button',
  order: 85,
  icon: mdiGestureTapButton,
  title: () => t('title'),
  help: () => t('help'),
  size: { w: 2, h: 1, minW: 1, minH: 1 },
  bare: true,
  slots: [
    { name: 'flow', label: () => t('flow'), type: 'flow', optional: true },
    { name: 'channel', label: () => t('channel'), type: 'channel', optional: true },
    { name: 'point', label: () => t('point'), type: 'point', optional: true, writable: true },
  ],
  options: () => {
    readNames()
    return {
      type: 'object',
      properties: {
        action: { oneOf: ACTIONS.map((name) => ({ const: name, title: t(name) })), default: 'set_marker', title: t('does') },
        label: { type: 'string', maxLength: 60, title: t('label') },
        rule: { ...choiceOf(ruleNames.value), title: t('rule') },
        script: { ...choiceOf(scriptNames.value), title: t('script') },
        marker: { type: 'string', maxLength: 200, title: t('marker') },
        session: { type: 'string', maxLength: 200, title: t('session') },
        value: { type: 'string', maxLength: 200, title: t('value') },
        confirm: { type: 'boolean', default: true, title: t('confirm') },
        danger: { type: 'boolean', default: false, title: t('danger') },
      },
    }
  },
  fits: (entity) => (entity.kind === 'action' ? 4 : 0),
  component: () => import('./ButtonWidget.vue'),
} satisfies WidgetKind
