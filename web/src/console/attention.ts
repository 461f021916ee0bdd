/**
 * Which of the operator's sessions want to be looked at, whatever window or tab they are in. The control windows of this
 * browser tell each other how they are: counts and phases only, never what was said.
 */

import { computed, onScopeDispose, watch, type ComputedRef, type Ref } from 'vue'
import type { Session } from '../shared/types'
import { needsOf, reportOf, WindowBook, type Message, type Need } from './attention-rules'
import { working } from './store'

const CHANNEL = 'wizhelper.attention'
const EVERY_MS = 20_000

const book = new WindowBook()
const askers = new Set<() => void>()
let channel: BroadcastChannel | null = null

function hear(event: MessageEvent<unknown>): void {
  const message = reportOf(event.data)
  if (message?.kind === 'report') book.take(message.report, Date.now())
  else if (message?.kind === 'gone') book.forget(message.window)
  else if (message?.kind === 'ask') for (const answer of askers) answer()
}

function say(message: Message): void {
  if (channel === null) {
    channel = new BroadcastChannel(CHANNEL)
    channel.addEventListener('message', hear)
    channel.postMessage({ kind: 'ask' } satisfies Message)
  }
  channel.postMessage(message)
}

export const needs = (session: Session): Need[] => needsOf(session, book.of(session.id, Date.now()))

/** How many sessions want something; `except`: the one that this window shows. */
export function useAttention(except = ''): ComputedRef<number> {
  say({ kind: 'ask' })
  return computed(() => working.value.filter(({ session }) => session.id !== except && needs(session).length > 0).length)
}

/** While the scope lives, this window tells all others how its session is. */
export function reportSession(session: string, unread: Ref<number>, phase: Ref<string>): void {
  const window = crypto.randomUUID()

  function report(): void {
    const now = { window, session, unread: unread.value, phase: phase.value, at: Date.now() }
    book.take(now, now.at)
    say({ kind: 'report', report: now })
  }

  function leave(): void {
    book.forget(window)
    say({ kind: 'gone', window })
  }

  watch([unread, phase], report, { immediate: true })
  const timer = setInterval(report, EVERY_MS)
  askers.add(report)
  globalThis.addEventListener('pagehide', leave)
  globalThis.addEventListener('pageshow', report)
  onScopeDispose(() => {
    clearInterval(timer)
    askers.delete(report)
    globalThis.removeEventListener('pagehide', leave)
    globalThis.removeEventListener('pageshow', report)
    leave()
  })
}
