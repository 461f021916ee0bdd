/** The REST routes of the audit chain. Every one may throw ApiError. */

import type { HttpClient } from './http'
import type { Page } from './types'

export interface AuditLine {
  seq: number
  at: string
  actor: string
  actor_name: string
  action: string
  data: unknown
  hash: string
}

/** Days are YYYY-MM-DD of the company; an empty field filters nothing. */
export type AuditFilter = Record<'from' | 'to' | 'actor' | 'action' | 'q', string>

/** `line`: the last line of a whole chain, or the line at which it breaks. */
export interface AuditVerdict {
  ok: boolean
  line: number
  head: string
  reason: 'missing' | 'changed' | 'other' | 'cut' | null
}

export const RETENTION_KINDS = ['sessions', 'logins', 'messages', 'quality', 'recordings'] as const
export type RetentionKind = (typeof RETENTION_KINDS)[number]
/** Days. */
export type RetentionForm = Record<RetentionKind, number>
export type Retention = RetentionForm & { ran_at: string | null }

export class AuditApi {
  constructor(private readonly http: HttpClient) {}

  lines = (page: number, size: number, filter: AuditFilter) =>
    this.http.get<Page<AuditLine>>('/audit', { page, size, ...filter })
  actions = async () => (await this.http.get<{ items: string[] }>('/audit/actions')).items
  retention = () => this.http.get<Retention>('/retention')
  saveRetention = (form: RetentionForm) => this.http.put<Retention>('/retention', form)
  evidenceKey = async () => (await this.http.get<{ fingerprint: string }>('/audit/evidence-key')).fingerprint
  verify = () => this.http.post<AuditVerdict>('/audit/verify')
}

/** Evidence of one session, to be downloaded by the browser itself. */
export const evidenceUrl = (session: string): string => `/api/v1/records/${encodeURIComponent(session)}/evidence`
