/** Brings what was said to the session's record, where the company keeps chat: in bundles, each line until it is there. */

import { onScopeDispose, watch, type Ref } from 'vue'
import type { Said } from '../../protocol/chat'
import { ApiError } from '../../shared/http'

export interface SpokenLine {
  number: number
  customer: boolean
  at_ms: number
  text: string
}

const SOON_MS = 1500
const AGAIN_MS = 10_000
const AT_ONCE = 100

/** `send` may be called again with lines that came already. Codes that another try does not change end it. */
export function useChatKeeper(lines: Ref<readonly Said[]>, wanted: () => boolean, send: (lines: SpokenLine[]) => Promise<void>): void {
  let kept = 0
  let timer: ReturnType<typeof setTimeout> | null = null
  let sending = false
  let over = false

  const open = (): Said[] => lines.value.filter((line) => line.number > kept).slice(0, AT_ONCE)

  function later(ms: number): void {
    if (over || !wanted() || open().length === 0) return
    timer ??= setTimeout(() => {
      timer = null
      void bring()
    }, ms)
  }

  async function bring(): Promise<void> {
    if (sending) return
    sending = true
    const some = open()
    let wait = SOON_MS
    try {
      await send(some.map(({ number, customer, at_ms, text }) => ({ number, customer, at_ms, text })))
      kept = some.at(-1)?.number ?? kept
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      over = ['CHAT_NOT_KEPT', 'SESSION_STATE', 'NOT_FOUND', 'FORBIDDEN'].includes(problem.code)
      wait = AGAIN_MS
    } finally {
      sending = false
    }
    later(wait)
  }

  watch(lines, () => { later(SOON_MS) }, { immediate: true })
  onScopeDispose(() => {
    if (timer !== null) clearTimeout(timer)
    // The last words of a session that ends with the window.
    if (!over && wanted() && open().length > 0) void bring()
  })
}
