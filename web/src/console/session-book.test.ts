import { beforeEach, describe, expect, it } from 'vitest'
import type { Session, SessionState } from '../shared/types'
import { activeSeconds, secondsLeft, SessionBook, type Cue } from './session-book'

const T0 = Date.parse('2026-03-01T00:00:00Z')

function session(id: string, state: SessionState, more: Partial<Session> = {}): Session {
  return {
    id,
    number: '123456',
    kind: 'one_time',
    channel: 'web',
    state,
    suspended_reason: null,
    end_reason: null,
    owner: { num: 1, display_name: '김상담' },
    client: null,
    created_at: '2026-03-01T00:00:00Z',
    joined_at: null,
    consented_at: null,
    connected_at: null,
    ended_at: null,
    completed_at: null,
    expires_at: null,
    active_s: 0,
    suspended_s: 0,
    agent_online: false,
    fault_type_id: null,
    result: null,
    memo: '',
    corrected: false,
    intake: [],
    satisfaction: null,
    survey_comment: '',
    reboot: null,
    people: [],
    ...more,
  }
}

describe('SessionBook', () => {
  let book: SessionBook
  let cues: [Cue, string][]

  beforeEach(() => {
    book = new SessionBook()
    cues = []
    book.onCue((cue, { id }) => cues.push([cue, id]))
  })

  it('OP-WAIT-LIST: lists waiting and working sessions oldest first, ended ones apart and newest first', () => {
    book.replaceAll(
      [
        session('b', 'ACTIVE', { created_at: '2026-03-01T00:02:00Z' }),
        session('a', 'WAITING', { created_at: '2026-03-01T00:01:00Z' }),
        session('c', 'WRAPUP', { created_at: '2026-03-01T00:03:00Z' }),
        session('x', 'COMPLETED', { created_at: '2026-03-01T00:00:10Z' }),
        session('y', 'CANCELLED', { created_at: '2026-03-01T00:00:20Z' }),
      ],
      T0,
    )
    expect(book.working().map((entry) => entry.session.id)).toEqual(['a', 'b', 'c'])
    expect(book.recent().map((entry) => entry.session.id)).toEqual(['y', 'x'])
  })

  it('OP-WAIT-MAX6: counts waiting and controlled sessions, not those in wrap-up', () => {
    book.replaceAll(
      [session('a', 'WAITING'), session('b', 'SUSPENDED'), session('c', 'WRAPUP'), session('d', 'EXPIRED')],
      T0,
    )
    expect(book.openCount()).toBe(2)
  })

  it('tells once that a customer joined and once that control can start', () => {
    book.replaceAll([session('a', 'WAITING')], T0)
    for (const state of ['JOINING', 'JOINING', 'CONNECTING', 'ACTIVE', 'SUSPENDED', 'ACTIVE'] as const)
      book.upsert(session('a', state), T0)
    expect(cues).toEqual([
      ['joined', 'a'],
      ['active', 'a'],
    ])
  })

  it('tells what changed while the connection was lost', () => {
    book.replaceAll([session('a', 'WAITING')], T0)
    book.replaceAll([session('a', 'ACTIVE')], T0)
    expect(cues).toEqual([['joined', 'a']])
  })

  it('tells once that an administrator cut the session', () => {
    book.replaceAll([session('a', 'WAITING')], T0)
    for (const state of ['CANCELLED', 'CANCELLED'] as const)
      book.upsert(session('a', state, { end_reason: 'admin_cut' }), T0)
    expect(cues).toEqual([['cut', 'a']])
  })

  it('is silent for a page just opened and for a customer who went away again', () => {
    book.replaceAll([session('a', 'JOINING')], T0)
    book.upsert(session('a', 'WAITING'), T0)
    book.upsert(session('b', 'WAITING'), T0)
    expect(cues).toEqual([])
  })

  it('forgets what the server no longer lists', () => {
    book.replaceAll([session('a', 'WAITING')], T0)
    book.replaceAll([], T0)
    expect(book.get('a')).toBeUndefined()
  })
})

describe('running times', () => {
  it('count on while in control only', () => {
    expect(activeSeconds({ session: session('a', 'ACTIVE', { active_s: 10 }), toldAt: T0 }, T0 + 5000)).toBe(15)
    expect(activeSeconds({ session: session('a', 'SUSPENDED', { active_s: 10 }), toldAt: T0 }, T0 + 5000)).toBe(10)
  })

  it('OP-WAIT-EXP: a waiting number shows the time left, never below zero', () => {
    const waiting = session('a', 'WAITING', { expires_at: '2026-03-01T00:00:30Z' })
    expect(secondsLeft(waiting, T0)).toBe(30)
    expect(secondsLeft(waiting, T0 + 60_000)).toBe(0)
    expect(secondsLeft(session('a', 'ACTIVE', { expires_at: '2026-03-01T00:00:30Z' }), T0)).toBeNull()
  })
})
