import { mdiLightningBoltOutline } from '@mdi/js'
import type { Feature } from '@/app/features'
import { t } from './messages'

const meta = { feature: 'rules' }

export default {
  name: 'rules',
  order: 24,
  icon: mdiLightningBoltOutline,
  title: () => t('title'),
  path: '/rules',
  routes: [
    { path: '/rules', component: () => import('./RulesPage.vue'), meta },
    { path: '/rules/:flow/:rule', component: () => import('./RulePage.vue'), props: (route) => ({ id: `${String(route.params.flow)}/${String(route.params.rule)}` }), meta },
  ],
} satisfies Feature
