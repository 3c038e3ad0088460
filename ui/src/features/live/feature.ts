import { mdiChartLine } from '@mdi/js'
import type { Feature } from '@/app/features'
import { t } from './messages'

export default {
  name: 'live',
  order: 10,
  icon: mdiChartLine,
  title: () => t('title'),
  path: '/',
  routes: [{ path: '/', component: () => import('./LivePage.vue'), meta: { feature: 'live' } }],
} satisfies Feature
