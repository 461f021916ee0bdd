/** The live socket: one link that stays up, fed by tickets. Knows the messages, not what the pages do with them. */

import type { LiveMessage } from './types'

export type LiveState = 'connecting' | 'open' | 'lost' | 'stopped'

const RETRY_MIN_MS = 500
const RETRY_MAX_MS = 5000
const ACTIVE_EVERY_MS = 60_000
/** A handshake that does not end by itself; then the next try. */
const HELLO_TIMEOUT_MS = 15_000

/** The part of WebSocket that is used, so that tests need no network. */
export interface Socket {
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: (() => void) | null
  send(data: string): void
  close(): void
}

export interface LiveOptions {
  getTicket: () => Promise<string>
  open: () => Socket
  onMessage: (message: LiveMessage) => void
  onState: (state: LiveState) => void
  /** True for errors after which trying again is useless until somebody logs in. */
  isFinal: (problem: unknown) => boolean
  random?: () => number
  now?: () => number
}

export class LiveSocket {
  /** Greeted: messages may be sent. */
  private socket: Socket | null = null
  private opening: Socket | null = null
  private timer: ReturnType<typeof setTimeout> | null = null
  private attempt = 0
  private lastActive = -Infinity
  private running = false

  constructor(private readonly options: LiveOptions) {}

  start(): void {
    if (this.running) return
    this.running = true
    this.attempt = 0
    this.options.onState('connecting')
    this.connectSoon(0)
  }

  stop(): void {
    if (!this.running) return
    this.running = false
    this.clearTimer()
    this.drop()
    this.options.onState('stopped')
  }

  /** Tries at once, for example when the network came back. Does nothing while connected. */
  retryNow(): void {
    if (this.running && this.socket === null && this.opening === null) this.connectSoon(0)
  }

  /** The person did something: keeps the login alive, at most once a minute. */
  noteActivity(): void {
    const now = (this.options.now ?? Date.now)()
    if (this.socket === null || now - this.lastActive < ACTIVE_EVERY_MS) return
    this.lastActive = now
    this.socket.send(JSON.stringify({ type: 'active' }))
  }

  private connectSoon(delayMs: number): void {
    this.clearTimer()
    this.timer = setTimeout(() => void this.connect(), delayMs)
  }

  private async connect(): Promise<void> {
    this.timer = null
    let ticket: string
    try {
      ticket = await this.options.getTicket()
    } catch (problem) {
      if (this.options.isFinal(problem)) this.stop()
      else this.lost()
      return
    }
    if (this.running) this.openSocket(ticket)
  }

  private openSocket(ticket: string): void {
    const socket = this.options.open()
    const opening = setTimeout(() => socket.close(), HELLO_TIMEOUT_MS)
    this.opening = socket
    socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', ticket }))
    socket.onmessage = (event) => {
      const message = parseLive(event.data)
      if (message === null) return
      clearTimeout(opening)
      if (message.type === 'hello') this.greeted(socket)
      this.options.onMessage(message)
    }
    socket.onclose = () => {
      clearTimeout(opening)
      this.socket = null
      this.opening = null
      this.lost()
    }
  }

  private greeted(socket: Socket): void {
    this.socket = socket
    this.opening = null
    this.attempt = 0
    this.lastActive = -Infinity
    this.options.onState('open')
  }

  /** Full jitter between 0.5 s and a ceiling that doubles up to 5 s. */
  private lost(): void {
    if (!this.running) return
    this.options.onState('lost')
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** ++this.attempt)
    this.connectSoon(RETRY_MIN_MS + (this.options.random ?? Math.random)() * (ceiling - RETRY_MIN_MS))
  }

  private drop(): void {
    const socket = this.socket ?? this.opening
    this.socket = null
    this.opening = null
    if (socket === null) return
    socket.onopen = null
    socket.onclose = null
    socket.onmessage = null
    socket.close()
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }
}

const KNOWN = ['hello', 'session', 'session_gone', 'counts', 'devices', 'device_visits', 'sms', 'offer', 'whisper', 'bye']

/** The message, or null for what this version does not know (a newer server may say more). */
export function parseLive(data: unknown): LiveMessage | null {
  if (typeof data !== 'string') return null
  try {
    const value = JSON.parse(data) as LiveMessage | null
    return value !== null && KNOWN.includes(value.type) ? value : null
  } catch (problem) {
    if (problem instanceof SyntaxError) return null
    throw problem
  }
}

/** A WebSocket to `path` of this host. */
export function openWebSocket(path: string): Socket {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(`${scheme}//${location.host}${path}`)
  return socket as unknown as Socket
}
