import { createRouter, createWebHistory } from 'vue-router'
import HomeView from './views/HomeView.vue'

export const router = createRouter({
  history: createWebHistory('/manager'),
  routes: [
    { path: '/', name: 'home', component: HomeView },
    { path: '/sessions/:id', name: 'control', component: () => import('./views/ControlView.vue'), props: true },
    { path: '/devices', name: 'devices', component: () => import('./views/DevicesView.vue') },
    { path: '/records', name: 'records', component: () => import('../shared/components/RecordsView.vue') },
    { path: '/statistics', name: 'statistics', component: () => import('../shared/components/StatisticsView.vue') },
    { path: '/settings', name: 'settings', component: () => import('./views/SettingsView.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
