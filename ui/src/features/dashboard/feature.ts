import { mdiViewDashboardOutline } from '@mdi/js'
import type { Feature } from '@/app/features'
import { t } from './messages'

export default {
  name: 'dashboard',
  order: 10,
  icon: mdiViewDashboardOutline,
  title: () => t('title'),
  path: '/',
  routes: [{ path: '/', component: () => import('./DashboardPage.vue'), meta: { feature: 'dashboard' } }],
} satisfies Feature
