import { createRouter, createWebHistory } from 'vue-router'
import OverviewView from './views/OverviewView.vue'

export const router = createRouter({
  history: createWebHistory('/manager/admin'),
  routes: [
    { path: '/', name: 'overview', component: OverviewView },
    { path: '/records', name: 'records', component: () => import('../shared/components/RecordsView.vue') },
    { path: '/statistics', name: 'statistics', component: () => import('../shared/components/StatisticsView.vue') },
    { path: '/logins', name: 'logins', component: () => import('./views/LoginRecordsView.vue') },
    { path: '/audit', name: 'audit', component: () => import('./views/AuditView.vue') },
    { path: '/review', name: 'review', component: () => import('./views/AccessReviewView.vue') },
    { path: '/abuse', name: 'abuse', component: () => import('./views/AbuseView.vue') },
    { path: '/accounts', name: 'accounts', component: () => import('./views/AccountsView.vue') },
    { path: '/devices', name: 'devices', component: () => import('./views/DevicesView.vue') },
    { path: '/teams', name: 'teams', component: () => import('./views/TeamsView.vue') },
    { path: '/access', name: 'access', component: () => import('./views/AccessView.vue') },
    { path: '/company', name: 'company', component: () => import('./views/CompanyView.vue') },
    { path: '/faults', name: 'faults', component: () => import('./views/FaultTypesView.vue') },
    { path: '/intake', name: 'intake', component: () => import('./views/IntakeView.vue') },
    { path: '/consent', name: 'consent', component: () => import('./views/ConsentView.vue') },
    { path: '/sms', name: 'sms', component: () => import('./views/SmsView.vue') },
    { path: '/recordings', name: 'recordings', component: () => import('./views/RecordingsView.vue') },
    { path: '/retention', name: 'retention', component: () => import('./views/RetentionView.vue') },
    { path: '/notices', name: 'notices', component: () => import('./views/NoticesView.vue') },
    { path: '/security', name: 'security', component: () => import('./views/SecurityView.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
