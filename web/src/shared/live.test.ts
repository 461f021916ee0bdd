import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveSocket, parseLive, type LiveState, type Socket } from './live'
import type { LiveMessage } from './types'

class FakeSocket implements Socket {
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  sent: unknown[] = []
  closed = false

  send(data: string): void {
    this.sent.push(JSON.parse(data))
  }

  close(): void {
    this.closed = true
    this.onclose?.()
  }

  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
}

const HELLO = { type: 'hello', sessions: [], counts: {} }

function build() {
  const sockets: FakeSocket[] = []
  const states: LiveState[] = []
  const messages: LiveMessage[] = []
  const ticket = vi.fn(async () => 'T')
  const live = new LiveSocket({
    getTicket: ticket,
    open: () => {
      const socket = new FakeSocket()
      sockets.push(socket)
      return socket
    },
    onMessage: (message) => messages.push(message),
    onState: (state) => states.push(state),
    isFinal: (problem) => problem === 'login',
    random: () => 1,
  })
  return { live, sockets, states, messages, ticket }
}

async function greeted() {
  const made = build()
  made.live.start()
  await vi.advanceTimersByTimeAsync(0)
  made.sockets[0]!.onopen?.()
  made.sockets[0]!.say(HELLO)
  return made
}

describe('LiveSocket', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('shows its ticket first and is open after hello', async () => {
    const { sockets, states, messages } = await greeted()
    expect(sockets[0]!.sent).toEqual([{ type: 'auth', ticket: 'T' }])
    expect(states).toEqual(['connecting', 'open'])
    expect(messages).toHaveLength(1)
  })

  it('comes back with a new ticket after a loss', async () => {
    const { sockets, states, ticket } = await greeted()
    sockets[0]!.close()
    expect(states.at(-1)).toBe('lost')
    await vi.advanceTimersByTimeAsync(1000)
    expect(sockets).toHaveLength(2)
    expect(ticket).toHaveBeenCalledTimes(2)
  })

  it('waits longer with each failure, never more than five seconds', async () => {
    const { live, ticket, sockets } = build()
    ticket.mockRejectedValue('network')
    live.start()
    await vi.advanceTimersByTimeAsync(0)
    const waits: number[] = []
    for (let calls = 2; calls <= 6; calls++) {
      let waited = 0
      while (ticket.mock.calls.length < calls) {
        await vi.advanceTimersByTimeAsync(100)
        waited += 100
      }
      waits.push(waited)
    }
    expect(waits).toEqual([1000, 2000, 4000, 5000, 5000])
    expect(sockets).toHaveLength(0)
  })

  it('stops when nobody is logged in any more', async () => {
    const { live, ticket, states } = build()
    ticket.mockRejectedValue('login')
    live.start()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(ticket).toHaveBeenCalledTimes(1)
    expect(states).toEqual(['connecting', 'stopped'])
  })

  it('gives up a handshake that hangs', async () => {
    const { live, sockets, states } = build()
    live.start()
    await vi.advanceTimersByTimeAsync(15_000)
    expect(sockets[0]!.closed).toBe(true)
    expect(states).toContain('lost')
  })

  it('says "active" at most once a minute', async () => {
    const { live, sockets } = await greeted()
    live.noteActivity()
    live.noteActivity()
    await vi.advanceTimersByTimeAsync(60_000)
    live.noteActivity()
    expect(sockets[0]!.sent.slice(1)).toEqual([{ type: 'active' }, { type: 'active' }])
  })

  it('is silent after stop, also during the handshake', async () => {
    const { live, sockets, states } = build()
    live.start()
    await vi.advanceTimersByTimeAsync(0)
    live.stop()
    expect(sockets[0]!.closed).toBe(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sockets).toHaveLength(1)
    expect(states).toEqual(['connecting', 'stopped'])
  })
})

describe('parseLive', () => {
  it('knows the news of a text message', () => {
    expect(parseLive('{"type":"sms","message":{"id":"1"}}')).toEqual({ type: 'sms', message: { id: '1' } })
  })

  it('ignores what it does not know', () => {
    for (const data of ['', '{', 'null', '3', '{"type":"news"}', new ArrayBuffer(2)]) expect(parseLive(data)).toBeNull()
  })
})
