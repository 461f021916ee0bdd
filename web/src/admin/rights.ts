/** What the page offers by role. The server decides; this only keeps buttons away that it would refuse. */

import { computed, type ComputedRef } from 'vue'
import { me } from '../shared/auth'
import type { Role } from '../shared/types'

export const mayChange: ComputedRef<boolean> = computed(() => me.value?.account.role === 'admin')

/** Group administrators manage the operators of their own group. */
export const mayManage: ComputedRef<boolean> = computed(
  () => mayChange.value || me.value?.account.role === 'group_admin',
)

/** The pages of the left menu; auditors see records, not settings. */
export const MENU: readonly { name: string; icon: string; roles: readonly Role[] }[] = [
  { name: 'overview', icon: 'pi-th-large', roles: ['admin', 'group_admin', 'auditor'] },
  { name: 'records', icon: 'pi-list', roles: ['admin', 'group_admin', 'auditor'] },
  { name: 'statistics', icon: 'pi-chart-bar', roles: ['admin', 'group_admin', 'auditor'] },
  { name: 'logins', icon: 'pi-sign-in', roles: ['admin', 'group_admin', 'auditor'] },
  { name: 'audit', icon: 'pi-history', roles: ['admin', 'auditor'] },
  { name: 'review', icon: 'pi-calendar-clock', roles: ['admin', 'auditor'] },
  { name: 'abuse', icon: 'pi-flag', roles: ['admin', 'group_admin', 'auditor'] },
  { name: 'accounts', icon: 'pi-users', roles: ['admin', 'group_admin'] },
  { name: 'devices', icon: 'pi-desktop', roles: ['admin', 'group_admin', 'auditor'] },
  { name: 'teams', icon: 'pi-sitemap', roles: ['admin', 'group_admin'] },
  { name: 'access', icon: 'pi-lock', roles: ['admin'] },
  { name: 'company', icon: 'pi-building', roles: ['admin', 'group_admin'] },
  { name: 'faults', icon: 'pi-tags', roles: ['admin'] },
  { name: 'intake', icon: 'pi-list-check', roles: ['admin'] },
  { name: 'consent', icon: 'pi-file-check', roles: ['admin', 'group_admin'] },
  { name: 'sms', icon: 'pi-comment', roles: ['admin', 'group_admin', 'auditor'] },
  { name: 'recordings', icon: 'pi-video', roles: ['admin', 'group_admin', 'auditor'] },
  { name: 'retention', icon: 'pi-trash', roles: ['admin', 'auditor'] },
  { name: 'notices', icon: 'pi-megaphone', roles: ['admin', 'group_admin'] },
  { name: 'security', icon: 'pi-shield', roles: ['admin', 'group_admin', 'auditor'] },
]
