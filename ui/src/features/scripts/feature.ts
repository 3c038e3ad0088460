import { mdiScriptTextOutline } from '@mdi/js'
import type { Feature } from '@/app/features'
import { useScripts } from '@/stores/scripts'
import { t } from './messages'

export default {
  name: 'scripts',
  order: 27,
  icon: mdiScriptTextOutline,
  title: () => t('title'),
  path: '/scripts',
  badge: () => useScripts().active.length || null,
  routes: [
    { path: '/scripts', component: () => import('./ScriptsPage.vue'), meta: { feature: 'scripts' } },
    { path: '/scripts/:name', component: () => import('./ScriptPage.vue'), props: true, meta: { feature: 'scripts' } },
  ],
} satisfies Feature
