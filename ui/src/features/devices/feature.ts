import { mdiChip } from '@mdi/js'
import type { Feature } from '@/app/features'
import { useDevices } from '@/stores/devices'
import { t } from './messages'

export default {
  name: 'devices',
  order: 40,
  icon: mdiChip,
  title: () => t('title'),
  path: '/devices',
  badge: () => useDevices().troubled.length || null,
  routes: [{ path: '/devices', component: () => import('./DevicesPage.vue'), meta: { feature: 'devices' } }],
} satisfies Feature
