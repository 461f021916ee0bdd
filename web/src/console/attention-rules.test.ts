/** Which sessions want to be looked at, by what the windows of the browser tell. */

import { describe, expect, it } from 'vitest'
import type { Session, SessionState, SuspendedReason } from '../shared/types'
import { needsOf, reportOf, STALE_MS, WindowBook, type Report } from './attention-rules'

const session = (state: SessionState, suspended_reason: SuspendedReason | null = null): Session =>
  ({ id: 'a', state, suspended_reason }) as Session
const report = (changes: Partial<Report> = {}): Report => ({ window: 'w', session: 'a', unread: 0, phase: 'open', at: 1000, ...changes })

describe('a session needs', () => {
  it.each([
    ['nothing while it is controlled', session('ACTIVE'), [report()], []],
    ['nothing while its number waits', session('WAITING'), [], []],
    ['the operator when no window shows it', session('ACTIVE'), [], ['customer']],
    ['the operator who has left it', session('SUSPENDED', 'operator_gone'), [], ['customer']],
    ['a look when its link is lost', session('SUSPENDED', 'network'), [report({ phase: 'reconnecting' })], ['link']],
    ['a look when its window finds no link', session('ACTIVE'), [report({ phase: 'failed' })], ['link']],
    ['an answer to what the customer wrote', session('ACTIVE'), [report({ unread: 2 })], ['chat']],
    ['nothing for what a later window has read', session('ACTIVE'), [report({ unread: 2 }), report({ window: 'x', at: 2000 })], []],
    ['its result', session('WRAPUP'), [], ['wrapup']],
    ['patience while its PC restarts', session('SUSPENDED', 'reboot'), [report({ phase: 'reconnecting' })], []],
  ])('%s', (_, one, reports, expected) => {
    expect(needsOf(one, reports)).toEqual(expected)
  })
})

describe('the windows', () => {
  it('are forgotten when they go, and when they are silent', () => {
    const book = new WindowBook()
    book.take(report(), 1000)
    book.take(report({ window: 'x' }), 1000)
    book.forget('x')
    expect(book.of('a', 1000).map((one) => one.window)).toEqual(['w'])
    expect(book.of('b', 1000)).toEqual([])
    expect(book.of('a', 1001 + STALE_MS)).toEqual([])
    book.take(report({ window: 'y', at: 2000 + STALE_MS }), 2000 + STALE_MS)
    expect([...book.reports.keys()]).toEqual(['y'])
  })

  it('are not endlessly many', () => {
    const book = new WindowBook()
    for (let i = 0; i < 1000; i += 1) book.take(report({ window: String(i) }), 1000)
    expect(book.reports.size).toBe(100)
  })

  it.each([null, 'x', {}, { kind: 'report' }, { kind: 'report', report: { window: 1 } }, { kind: 'gone' }, { kind: 'report', report: { ...report(), unread: '1' } }])(
    'are told nothing by %j',
    (value) => {
      expect(reportOf(value)).toBeNull()
    },
  )

  it('understand each other', () => {
    expect(reportOf({ kind: 'ask' })).toEqual({ kind: 'ask' })
    expect(reportOf({ kind: 'gone', window: 'w' })).toEqual({ kind: 'gone', window: 'w' })
    expect(reportOf({ kind: 'report', report: report() })).toEqual({ kind: 'report', report: report() })
  })
})
