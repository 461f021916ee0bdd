/** RC-CHAT: what was said comes to the record once and completely, or not at all. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, shallowRef } from 'vue'
import type { Said } from '../../protocol/chat'
import { ApiError } from '../../shared/http'
import { useChatKeeper, type SpokenLine } from './chat-keeper'

const said = (number: number, text = `line ${String(number)}`): Said => ({ type: 'said', number, customer: number % 2 === 0, at_ms: 1000 + number, text })

function scene(wanted = true) {
  const lines = shallowRef<readonly Said[]>([])
  const send = vi.fn<(lines: SpokenLine[]) => Promise<void>>(() => Promise.resolve())
  const scope = effectScope()
  scope.run(() => { useChatKeeper(lines, () => wanted, send) })
  const numbers = (): number[][] => send.mock.calls.map(([some]) => some.map(({ number }) => number))
  return { lines, send, scope, numbers }
}

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

describe('keeping the chat', () => {
  it('sends what is new in bundles, each line once', async () => {
    const { lines, numbers, send } = scene()
    lines.value = [said(1), said(2)]
    await vi.advanceTimersByTimeAsync(2000)
    lines.value = [...lines.value, said(3)]
    await vi.advanceTimersByTimeAsync(2000)
    expect(numbers()).toEqual([[1, 2], [3]])
    expect(send.mock.calls[0]?.[0][1]).toEqual({ number: 2, customer: true, at_ms: 1002, text: 'line 2' })
  })

  it('tries again what did not arrive, and bundles are bounded', async () => {
    const { lines, numbers, send } = scene()
    send.mockRejectedValueOnce(new ApiError(503, 'STORE_BUSY', ''))
    lines.value = Array.from({ length: 150 }, (_, i) => said(i + 1))
    await vi.advanceTimersByTimeAsync(30_000)
    expect(numbers().map((some) => some.length)).toEqual([100, 100, 50])
  })

  it('sends nothing where the company keeps nothing, and stops when it is told so', async () => {
    const off = scene(false)
    off.lines.value = [said(1)]
    const refused = scene()
    refused.send.mockRejectedValue(new ApiError(409, 'CHAT_NOT_KEPT', ''))
    refused.lines.value = [said(1)]
    await vi.advanceTimersByTimeAsync(60_000)
    expect(off.send).not.toHaveBeenCalled()
    expect(refused.send).toHaveBeenCalledOnce()
  })

  it('sends the last words when the window closes', () => {
    const { lines, scope, numbers } = scene()
    lines.value = [said(1)]
    scope.stop()
    expect(numbers()).toEqual([[1]])
  })
})
