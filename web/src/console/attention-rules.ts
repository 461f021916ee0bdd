/** When a session of the operator wants to be looked at, by its own state and by what the control windows tell. Pure. */

import { shallowReactive } from 'vue'
import type { Session } from '../shared/types'

export const NEEDS = ['chat', 'customer', 'link', 'wrapup'] as const
/** chat: unread lines; customer: waits for the operator; link: lost; wrapup: the result is to be written. */
export type Need = (typeof NEEDS)[number]

export interface Report {
  readonly window: string
  readonly session: string
  readonly unread: number
  readonly phase: string
  /** This window's clock, ms. */
  readonly at: number
}

export type Message = { readonly kind: 'report'; readonly report: Report } | { readonly kind: 'gone'; readonly window: string } | { readonly kind: 'ask' }

/** Browsers let hidden tabs speak once a minute. */
export const STALE_MS = 150_000
const MAX_WINDOWS = 100
const LOST: ReadonlySet<string> = new Set(['reconnecting', 'failed'])

/** `reports`: of windows that show this session. */
export function needsOf(session: Session, reports: readonly Report[]): Need[] {
  const latest = reports.reduce<Report | null>((best, one) => (best === null || one.at >= best.at ? one : best), null)
  const found: Record<Need, boolean> = {
    chat: (latest?.unread ?? 0) > 0,
    customer: session.suspended_reason === 'operator_gone' || (session.state === 'ACTIVE' && latest === null),
    link: session.suspended_reason === 'network' || (session.state === 'ACTIVE' && LOST.has(latest?.phase ?? '')),
    wrapup: session.state === 'WRAPUP',
  }
  return NEEDS.filter((need) => found[need])
}

/** What another window said; null: it is none of ours. */
export function reportOf(value: unknown): Message | null {
  if (typeof value !== 'object' || value === null) return null
  const message = value as Partial<Record<string, unknown>>
  if (message['kind'] === 'ask') return { kind: 'ask' }
  if (message['kind'] === 'gone' && typeof message['window'] === 'string') return { kind: 'gone', window: message['window'] }
  const report = message['report'] as Partial<Report> | null | undefined
  if (message['kind'] !== 'report' || typeof report?.window !== 'string' || typeof report.session !== 'string') return null
  if (typeof report.unread !== 'number' || typeof report.phase !== 'string' || typeof report.at !== 'number') return null
  return { kind: 'report', report: report as Report }
}

/** The windows that are known, with their last words. */
export class WindowBook {
  readonly reports = shallowReactive(new Map<string, Report>())

  take(report: Report, now: number): void {
    for (const [window, known] of this.reports) if (now - known.at > STALE_MS) this.reports.delete(window)
    if (this.reports.size < MAX_WINDOWS || this.reports.has(report.window)) this.reports.set(report.window, report)
  }

  forget(window: string): void {
    this.reports.delete(window)
  }

  of(session: string, now: number): Report[] {
    return [...this.reports.values()].filter((report) => report.session === session && now - report.at <= STALE_MS)
  }
}
