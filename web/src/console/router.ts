import { ALL_MONITORS } from '../protocol/screen'
import { createRouter, createWebHistory } from 'vue-router'
import HomeView from './views/HomeView.vue'

const MAX_MONITORS = 16

/** A window for one monitor (RC-MON): the query field `monitor` is its index, and gives the window its number. */
function windowOf(text: unknown): { window: number; monitor: number } {
  const monitor = typeof text === 'string' && /^\d{1,2}$/.test(text) ? Number(text) : ALL_MONITORS
  return monitor >= 0 && monitor < MAX_MONITORS ? { window: monitor + 2, monitor } : { window: 1, monitor: ALL_MONITORS }
}

export const router = createRouter({
  history: createWebHistory('/manager'),
  routes: [
    { path: '/', name: 'home', component: HomeView },
    {
      path: '/sessions/:id',
      name: 'control',
      component: () => import('./views/ControlView.vue'),
      props: ({ params, query }) => ({ id: params.id, ...windowOf(query.monitor) }),
    },
    { path: '/devices', name: 'devices', component: () => import('./views/DevicesView.vue') },
    { path: '/records', name: 'records', component: () => import('../shared/components/RecordsView.vue') },
    { path: '/statistics', name: 'statistics', component: () => import('../shared/components/StatisticsView.vue') },
    { path: '/settings', name: 'settings', component: () => import('./views/SettingsView.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
