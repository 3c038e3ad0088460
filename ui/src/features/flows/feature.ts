import { mdiSitemapOutline } from '@mdi/js'
import type { Feature } from '@/app/features'
import { t } from './messages'

export default {
  name: 'flows',
  order: 20,
  icon: mdiSitemapOutline,
  title: () => t('title'),
  path: '/flows',
  routes: [
    { path: '/flows', component: () => import('./FlowsPage.vue'), meta: { feature: 'flows' } },
    { path: '/flows/:id', component: () => import('./FlowPage.vue'), props: true, meta: { feature: 'flows' } },
  ],
} satisfies Feature
