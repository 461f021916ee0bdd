/** The REST routes of the monthly review of access. Every one may throw ApiError. */

import type { HttpClient } from './http'
import type { Page, Role } from './types'

/** `reachable`: registered devices that the account can connect to; `flags`: what to ask about. */
export interface ReviewedPerson {
  num: number
  login_id: string
  display_name: string
  role: Role
  team: string
  status: string
  two_step: boolean
  created_at: string
  last_login_at: string | null
  logins: number
  failed_logins: number
  sessions: number
  devices: number
  reachable: number
  acts: number
  opened: number
  flags: ('no_two_step' | 'unused' | 'new')[]
}

export interface SignedReview {
  at: string
  by: string
  note: string
  accounts: number
  sha256: string
}

/** `month`: YYYY-MM. `over`: it can be signed off. */
export type ReviewPage = Page<ReviewedPerson> & { month: string; over: boolean; signed: SignedReview | null }

export interface Reached {
  session: string
  at: string
  host: string
  device: string
  owner: boolean
}

export class ReviewApi {
  constructor(private readonly http: HttpClient) {}

  show = (month: string, page: number, size: number, q: string) =>
    this.http.get<ReviewPage>('/access-review', { month, page, size, q })
  reached = (month: string, account: number, page: number, size: number) =>
    this.http.get<Page<Reached>>('/access-review/reached', { month, account, page, size })
  due = async () => (await this.http.get<{ month: string | null }>('/access-review/due')).month
  sign = (month: string, note: string) => this.http.post<SignedReview>('/access-review', { month, note })
}

/** To be downloaded by the browser itself. */
export const reviewUrl = (month: string): string => `/api/v1/access-review/export?month=${encodeURIComponent(month)}`
