/** Routes come from the features; an unknown address leads to the first one. */
import { createRouter, createWebHistory } from 'vue-router'
import { features } from './features'

export const router = createRouter({
  history: createWebHistory(),
  routes: [...features.flatMap((feature) => feature.routes), { path: '/:rest(.*)*', redirect: '/' }],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
})
