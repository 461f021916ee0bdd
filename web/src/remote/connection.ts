/**
 * One socket to the relay and the encrypted link in it, from the ticket to the close. It ends once, with an `Ending`.
 * Not here: what updates look like (engine.ts), and whether to try again (session.ts).
 */

import { fromHex, type Bytes } from '../protocol/bytes'
import { Channel } from '../protocol/channels'
import { decode, encode, type ControlMessage, type Identity } from '../protocol/control'
import { LocalProtocolError, RemoteProtocolError } from '../protocol/errors'
import { ConsoleLink, type Established, type LinkEvent } from '../protocol/link'
import type { SigningKey } from '../protocol/secure'
import { RELAY_PEER_GONE, endingOfClose, endingOfError, type Ending } from './endings'
import type { Environment, Socket } from './environment'

const SECOND = 1000
/** From "paired" to the agent's identity. */
const HANDSHAKE_MS = 10 * SECOND
/** From the opening of the socket to "paired"; the relay itself gives up a little earlier (close code 4004). */
const PAIRING_MS = 45 * SECOND
const PING_MS = SECOND
/** An open link on which nothing arrived for so long is lost, whatever the operating system still hopes for. */
const SILENCE_MS = 10 * SECOND
/** The agent has at most three unacknowledged updates of 4 MiB under way; more is a flood. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024
const MAX_TEXT_LENGTH = 1024

export interface ConnectionOptions {
  readonly url: string
  readonly ticket: string
  /** 32 hex digits. */
  readonly sid: string
  readonly identity: Identity
  readonly key: SigningKey
  readonly resume: Bytes | null
}

export interface ConnectionEvents {
  paired(): void
  established(event: Established): void
  control(message: ControlMessage): void
  /** `receivedAt`: when the message arrived. The returned promise is awaited for the flood limit only. */
  screen(body: Bytes, receivedAt: number): Promise<void>
  /** A message of any other channel. */
  tool(channel: Channel, body: Bytes): void
  roundTrip(ms: number): void
  /** Last event, once. */
  closed(ending: Ending): void
}

type Phase = 'joining' | 'pairing' | 'securing' | 'open' | 'closed'

export class Connection {
  private phase: Phase = 'joining'
  private readonly socket: Socket
  private link: ConsoleLink | null = null
  private starting: Promise<ConsoleLink> | null = null
  private deadline: ReturnType<typeof setTimeout>
  private pinging: ReturnType<typeof setInterval> | null = null
  private waitingBytes = 0
  private heardAt: number
  private token = 0n
  private pingedAt = 0

  constructor(
    private readonly options: ConnectionOptions,
    private readonly environment: Environment,
    private readonly events: ConnectionEvents,
  ) {
    this.heardAt = environment.clock()
    this.socket = environment.openSocket(options.url)
    this.socket.onopen = () => {
      this.socket.send(JSON.stringify({ type: 'join', ticket: options.ticket }))
    }
    this.socket.onmessage = (data) => {
      this.receive(data)
    }
    this.socket.onclose = (code) => {
      this.finish(this.endingAt(code))
    }
    this.deadline = this.limit(PAIRING_MS, 'AGENT_ABSENT')
  }

  /** Dropped silently unless the link is open: what was meant for a lost link is worth nothing on the next. */
  async send(channel: Channel, body: Bytes): Promise<void> {
    if (this.phase !== 'open' || this.link === null) return
    try {
      await this.link.seal(channel, body)
    } catch (problem) {
      // The link died while the message waited for its turn.
      if (!(problem instanceof LocalProtocolError) || this.isOver()) return
      this.fail(problem)
    }
  }

  /** End from this side. `ending` is reported like any other. */
  finish(ending: Ending): void {
    if (this.isOver()) return
    this.phase = 'closed'
    clearTimeout(this.deadline)
    if (this.pinging !== null) clearInterval(this.pinging)
    this.link?.kill()
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null
    this.socket.close()
    this.events.closed(ending)
  }

  /** End because of an exception. */
  fail(problem: unknown): void {
    if (this.isOver()) return
    const ending = endingOfError(problem)
    if (ending.code === 'INTERNAL' || problem instanceof LocalProtocolError) this.environment.log('link failed', problem)
    this.finish(this.resumeFailed(problem) ? { kind: 'resume_refused', code: ending.code } : ending)
  }

  private isOver(): boolean {
    return this.phase === 'closed'
  }

  private limit(ms: number, code: string): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.finish({ kind: 'retry', code })
    }, ms)
  }

  /** The agent hangs up on a suite 2 that it does not know; the two look alike if it remembers another link's secret. */
  private resumeFailed(problem: unknown): boolean {
    return this.options.resume !== null && this.phase === 'securing' && problem instanceof RemoteProtocolError
  }

  private endingAt(code: number): Ending {
    const refused = this.options.resume !== null && this.phase === 'securing' && code === RELAY_PEER_GONE
    return refused ? { kind: 'resume_refused', code: 'AGENT_GONE' } : endingOfClose(code)
  }

  private receive(data: string | ArrayBuffer): void {
    this.heardAt = this.environment.clock()
    if (typeof data === 'string') this.receiveText(data)
    else void this.receiveFrame(new Uint8Array(data), this.heardAt)
  }

  private receiveText(data: string): void {
    const type = relayMessage(data)
    if (type === 'joined' && this.phase === 'joining') this.phase = 'pairing'
    else if (type === 'paired' && (this.phase === 'joining' || this.phase === 'pairing')) this.secure()
    else this.fail(new RemoteProtocolError('BAD_RELAY', 'unexpected message'))
  }

  private secure(): void {
    this.phase = 'securing'
    clearTimeout(this.deadline)
    this.deadline = this.limit(HANDSHAKE_MS, 'HANDSHAKE_TIMEOUT')
    this.events.paired()
    const { sid, identity, key, resume } = this.options
    const send = (data: Bytes): void => {
      if (!this.isOver()) this.socket.send(data)
    }
    this.starting = startLink({ sid, identity, key, resume, clock: this.environment.clock, send })
    this.starting.then(
      (link) => {
        this.link = link
        if (this.isOver()) link.kill()
      },
      (problem: unknown) => {
        this.fail(problem)
      },
    )
  }

  private async receiveFrame(data: Bytes, receivedAt: number): Promise<void> {
    if (this.starting === null) {
      this.fail(new RemoteProtocolError('BAD_RELAY', 'bytes before "paired"'))
      return
    }
    this.waitingBytes += data.length
    if (this.waitingBytes > MAX_WAITING_BYTES) {
      this.fail(new RemoteProtocolError('SCREEN_FLOOD'))
      return
    }
    try {
      const link = await this.starting
      for (const event of await link.receive(data)) await this.handle(event, receivedAt)
    } catch (problem) {
      this.fail(problem)
    } finally {
      this.waitingBytes -= data.length
    }
  }

  private async handle(event: LinkEvent, receivedAt: number): Promise<void> {
    if (this.isOver()) return
    if (event.type === 'established') this.open(event)
    else if (event.channel === Channel.SCREEN) await this.events.screen(event.body, receivedAt)
    else if (event.channel === Channel.CONTROL) this.handleControl(decode(event.body))
    else if (event.channel !== Channel.INPUT) this.events.tool(event.channel, event.body)
    else throw new RemoteProtocolError('BAD_CHANNEL', String(event.channel))
  }

  private open(event: Established): void {
    this.phase = 'open'
    clearTimeout(this.deadline)
    this.heardAt = this.environment.clock()
    this.pinging = setInterval(() => {
      this.ping()
    }, PING_MS)
    this.events.established(event)
    this.ping()
  }

  private handleControl(message: ControlMessage): void {
    if (message.type === 'ping') void this.send(Channel.CONTROL, encode({ type: 'pong', token: message.token }))
    else if (message.type !== 'pong') this.events.control(message)
    else if (message.token === this.token) this.events.roundTrip(this.environment.clock() - this.pingedAt)
  }

  private ping(): void {
    const now = this.environment.clock()
    if (now - this.heardAt > SILENCE_MS) {
      this.finish({ kind: 'retry', code: 'CONNECTION_LOST' })
      return
    }
    this.token += 1n
    this.pingedAt = now
    void this.send(Channel.CONTROL, encode({ type: 'ping', token: this.token }))
  }
}

interface LinkParts extends Pick<ConnectionOptions, 'sid' | 'identity' | 'key' | 'resume'> {
  readonly clock: () => number
  readonly send: (data: Bytes) => void
}

/** Throws LocalProtocolError also for a `sid` that is not hex. */
async function startLink(parts: LinkParts): Promise<ConsoleLink> {
  if (!/^[0-9a-f]{32}$/.test(parts.sid)) throw new LocalProtocolError('BAD_KEY', 'sid')
  return ConsoleLink.start({ ...parts, sid: fromHex(parts.sid) })
}

/** The `type` of a text message of the relay; null if it is none. */
function relayMessage(data: string): string | null {
  if (data.length > MAX_TEXT_LENGTH) return null
  try {
    const value = JSON.parse(data) as { type?: unknown } | null
    return typeof value?.type === 'string' ? value.type : null
  } catch (problem) {
    if (problem instanceof SyntaxError) return null
    throw problem
  }
}
