/**
 * One encrypted link, from m1 to the last frame, as a state machine that moves no bytes itself.
 *
 * Feed what arrives to `receive`, in order and without waiting for it; what is to be sent goes to the `send` callback, in
 * order. The first bad byte kills the link for good: `receive` rejects with RemoteProtocolError and every later call with
 * LocalProtocolError. WebCrypto answers later, so each direction is a chain of promises.
 */

import { type Bytes } from './bytes'
import { Channel } from './channels'
import { ControlType, decode, decodeAuth, encode, encodeAuth, type AuthSide, type Identity } from './control'
import { LocalProtocolError, RemoteProtocolError } from './errors'
import { AgentHandshake, ConsoleHandshake, type SessionKeys } from './handshake'
import { Opener, Sealer, systemRandom, type Clock, type Random, type RekeyLimits, type SigningKey } from './secure'

export type LinkState = 'm1' | 'm2' | 'm3' | 'auth' | 'open' | 'dead'

/** The peer holds the keys (key confirmation) and the signing key that its identity names. */
export interface Established {
  readonly type: 'established'
  readonly peer: Identity
  readonly sas: string
  readonly resumed: boolean
  readonly resumeSecret: Bytes
}

export interface Received {
  readonly type: 'received'
  readonly channel: Channel
  readonly body: Bytes
}

export type LinkEvent = Established | Received

export interface LinkOptions {
  readonly sid: Bytes
  readonly identity: Identity
  readonly key: SigningKey
  readonly clock: Clock
  /** Takes one binary WebSocket message. */
  readonly send: (data: Bytes) => void
  /** The secret of an earlier link of this session. */
  readonly resume?: Bytes | null
  readonly random?: Random
  readonly limits?: RekeyLimits
}

/** Runs tasks one after another; a failed one does not stop those behind it. */
class Chain {
  private tail: Promise<unknown> = Promise.resolve()

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.tail.then(task)
    this.tail = result.catch(() => undefined)
    return result
  }
}

interface Secured {
  readonly keys: SessionKeys
  readonly sealer: Sealer
  readonly opener: Opener
  readonly resumed: boolean
}

/** What both sides share: keys in use, AUTH, frames, rekeying. */
abstract class Link {
  state: LinkState = 'm1'
  private readonly incoming = new Chain()
  private readonly outgoing = new Chain()
  private secured: Secured | null = null

  protected constructor(
    protected readonly options: LinkOptions,
    private readonly side: AuthSide,
    private readonly peerSide: AuthSide,
  ) {}

  /** Send one message. Allowed only when the link is open. */
  async seal(channel: Channel, body: Bytes): Promise<void> {
    if (this.state !== 'open') throw new LocalProtocolError('LINK_NOT_OPEN', this.state)
    await this.sealNext(channel, body)
  }

  receive(data: Bytes): Promise<LinkEvent[]> {
    return this.incoming.run(async () => {
      if (this.state === 'dead') throw new LocalProtocolError('LINK_DEAD')
      try {
        return await this.receiveNext(data)
      } catch (problem) {
        this.state = 'dead'
        throw problem
      }
    })
  }

  /** Nothing is sent or accepted from now on. */
  kill(): void {
    this.state = 'dead'
  }

  protected abstract receiveNext(data: Bytes): Promise<LinkEvent[]>

  protected async use(keys: SessionKeys, sending: Bytes, receiving: Bytes, resumed: boolean): Promise<void> {
    const { clock, limits } = this.options
    const [sealer, opener] = await Promise.all([Sealer.create(sending, clock, limits), Opener.create(receiving)])
    this.secured = { keys, sealer, opener, resumed }
    this.moveTo('auth')
  }

  protected async sendAuth(): Promise<void> {
    const { th } = this.getSecured().keys
    await this.sealNext(Channel.CONTROL, await encodeAuth(this.side, th, this.options.identity, this.options.key))
  }

  protected async receiveAuth(data: Bytes): Promise<Established> {
    const { keys, opener, resumed } = this.getSecured()
    const { channel, body } = await opener.open(data)
    if (channel !== Channel.CONTROL) throw new RemoteProtocolError('BAD_AUTH', 'another channel came first')
    const peer = await decodeAuth(this.peerSide, keys.th, body)
    return { type: 'established', peer, sas: keys.sas, resumed, resumeSecret: keys.resume }
  }

  protected async receiveFrame(data: Bytes): Promise<LinkEvent[]> {
    const { opener } = this.getSecured()
    const { channel, body } = await opener.open(data)
    const special = channel === Channel.CONTROL && (body[0] === ControlType.REKEY || body[0] === ControlType.AUTH)
    if (!special) return [{ type: 'received', channel, body }]
    if (body[0] === ControlType.AUTH) throw new RemoteProtocolError('BAD_AUTH', 'a second one')
    decode(body)
    await opener.advance()
    return []
  }

  /** A link that was killed during a wait stays dead. */
  protected moveTo(state: LinkState): void {
    if (this.state === 'dead') throw new LocalProtocolError('LINK_DEAD')
    this.state = state
  }

  private sealNext(channel: Channel, body: Bytes): Promise<void> {
    const { sealer } = this.getSecured()
    return this.outgoing.run(async () => {
      if (this.state === 'dead') throw new LocalProtocolError('LINK_DEAD')
      if (sealer.due()) {
        this.options.send(await sealer.seal(Channel.CONTROL, encode({ type: 'rekey' })))
        await sealer.advance()
      }
      this.options.send(await sealer.seal(channel, body))
    })
  }

  private getSecured(): Secured {
    if (this.secured === null) throw new LocalProtocolError('LINK_NOT_OPEN', this.state)
    return this.secured
  }
}

/** The operator's end. */
export class ConsoleLink extends Link {
  private constructor(
    options: LinkOptions,
    private readonly handshake: ConsoleHandshake,
  ) {
    super(options, 'O', 'A')
    this.state = 'm2'
  }

  /** Sends m1. */
  static async start(options: LinkOptions): Promise<ConsoleLink> {
    const handshake = await ConsoleHandshake.create(options.sid, options.resume ?? null, options.random ?? systemRandom)
    const link = new ConsoleLink(options, handshake)
    options.send(handshake.m1)
    return link
  }

  protected async receiveNext(data: Bytes): Promise<LinkEvent[]> {
    if (this.state === 'm2') {
      const { m3, keys } = await this.handshake.receiveM2(data)
      this.options.send(m3)
      await this.use(keys, keys.o2a, keys.a2o, (this.options.resume ?? null) !== null)
      return []
    }
    if (this.state === 'auth') {
      const established = await this.receiveAuth(data)
      await this.sendAuth()
      this.moveTo('open')
      return [established]
    }
    return this.receiveFrame(data)
  }
}

/** The PC's end. It sends its identity (m4) only after m3 proved the console's commitment. */
export class AgentLink extends Link {
  private constructor(
    options: LinkOptions,
    private readonly handshake: AgentHandshake,
  ) {
    super(options, 'A', 'O')
  }

  static async start(options: LinkOptions): Promise<AgentLink> {
    const handshake = await AgentHandshake.create(options.sid, options.resume ?? null, options.random ?? systemRandom)
    return new AgentLink(options, handshake)
  }

  protected async receiveNext(data: Bytes): Promise<LinkEvent[]> {
    if (this.state === 'm1') {
      this.options.send(this.handshake.receiveM1(data))
      this.moveTo('m3')
      return []
    }
    if (this.state === 'm3') {
      const keys = await this.handshake.receiveM3(data)
      await this.use(keys, keys.a2o, keys.o2a, this.handshake.resumed)
      await this.sendAuth()
      return []
    }
    if (this.state === 'auth') {
      const established = await this.receiveAuth(data)
      this.moveTo('open')
      return [established]
    }
    return this.receiveFrame(data)
  }
}
