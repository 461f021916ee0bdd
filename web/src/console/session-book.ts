/** The operator's sessions as the live socket tells them. Pure state: no socket, no DOM. */

import type { Counts, Session, SessionState } from '../shared/types'

/** A session and when (server time, ms) it was told, so that running times can be counted on. */
export interface Entry {
  session: Session
  toldAt: number
}

export type Cue = 'joined' | 'active' | 'cut'
export type CueListener = (cue: Cue, session: Session) => void

const OPEN: readonly SessionState[] = ['WAITING', 'JOINING', 'CONNECTING', 'APPROVAL', 'ACTIVE', 'SUSPENDED']
const JOINED: readonly SessionState[] = ['JOINING', 'CONNECTING', 'APPROVAL', 'ACTIVE']

export const isOpen = (session: Session): boolean => OPEN.includes(session.state)
/** The states in which the remote control can be shown. */
export const isControllable = (session: Session): boolean => session.state === 'ACTIVE' || session.state === 'SUSPENDED'

export class SessionBook {
  private entries = new Map<string, Entry>()
  private cueListener: CueListener = () => undefined

  onCue(listener: CueListener): void {
    this.cueListener = listener
  }

  /** The whole truth after (re)connecting: what is not in it is gone. */
  replaceAll(sessions: Session[], now: number): void {
    const before = this.entries
    this.entries = new Map(sessions.map((session) => [session.id, { session, toldAt: now }]))
    for (const session of sessions) this.cue(before.get(session.id)?.session, session)
  }

  upsert(session: Session, now: number): void {
    const before = this.entries.get(session.id)?.session
    this.entries.set(session.id, { session, toldAt: now })
    this.cue(before, session)
  }

  remove(id: string): void {
    this.entries.delete(id)
  }

  get(id: string): Entry | undefined {
    return this.entries.get(id)
  }

  /** Open sessions and those to be wrapped up, oldest first. */
  working(): Entry[] {
    return this.sorted((session) => isOpen(session) || session.state === 'WRAPUP')
  }

  /** Ended sessions, newest first. */
  recent(): Entry[] {
    return this.sorted((session) => !isOpen(session) && session.state !== 'WRAPUP').reverse()
  }

  openCount(): number {
    return [...this.entries.values()].filter(({ session }) => isOpen(session)).length
  }

  private sorted(wanted: (session: Session) => boolean): Entry[] {
    return [...this.entries.values()]
      .filter(({ session }) => wanted(session))
      .sort((a, b) => a.session.created_at.localeCompare(b.session.created_at))
  }

  /** Only changes are told: a page that has just been opened stays silent. */
  private cue(before: Session | undefined, after: Session): void {
    if (before === undefined || before.state === after.state) return
    if (isOpen(before) && after.end_reason === 'admin_cut') this.cueListener('cut', after)
    else if (before.state === 'WAITING' && JOINED.includes(after.state)) this.cueListener('joined', after)
    else if (after.state === 'ACTIVE' && before.state !== 'SUSPENDED') this.cueListener('active', after)
  }
}

/** Seconds under control so far. */
export function activeSeconds(entry: Entry, now: number): number {
  const running = entry.session.state === 'ACTIVE' ? Math.max(0, now - entry.toldAt) / 1000 : 0
  return entry.session.active_s + running
}

/** Seconds until the number expires, null when it does not. */
export function secondsLeft(session: Session, now: number): number | null {
  if (session.state !== 'WAITING' || session.expires_at === null) return null
  return Math.max(0, (Date.parse(session.expires_at) - now) / 1000)
}

export const NO_COUNTS: Counts = {
  today: { total: 0, completed: 0, abnormal: 0, refused: 0, expired_or_cancelled: 0 },
  now: { waiting: 0, active: 0, suspended: 0 },
}
