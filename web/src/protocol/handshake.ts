/**
 * WH1, messages m1 to m3: X25519 with a commitment, so that six digits read aloud prove that nobody sits in between.
 *
 *     m1 O->A  01 | suite | SHA256("WH1 commit\0" | eO | rO)
 *     m2 A->O  01 | suite | eA | rA
 *     m3 O->A  eO | rO
 *
 * O is the console (operator), A the agent. Suite 2 mixes in the resume secret of an earlier link of the same session.
 * The specification is docs/protocol.md, "WH1"; m4 and m5 are in link.ts. Callers move the bytes.
 */

import { concat, sameBytes, utf8, viewOf, type Bytes } from './bytes'
import { LocalProtocolError, RemoteProtocolError } from './errors'
import { ExchangeKey, KEY_BYTES, hkdfExpand, hkdfExtract, sha256, systemRandom, type Random } from './secure'

export const VERSION = 1
export const SID_BYTES = 16
export const SAS_DIGITS = 6
export const M1_BYTES = 2 + KEY_BYTES
export const M2_BYTES = 2 + 2 * KEY_BYTES
export const M3_BYTES = 2 * KEY_BYTES

export const Suite = { X25519: 1, X25519_RESUME: 2 } as const

/** What both ends know after m3. `sas` is the confirmation number, six decimal digits. */
export interface SessionKeys {
  readonly th: Bytes
  readonly sas: string
  readonly o2a: Bytes
  readonly a2o: Bytes
  readonly resume: Bytes
}

export function commitment(publicKey: Bytes, nonce: Bytes): Promise<Bytes> {
  return sha256(utf8('WH1 commit\0'), publicKey, nonce)
}

export async function derive(sid: Bytes, shared: Bytes, psk: Bytes, m1: Bytes, m2: Bytes, m3: Bytes): Promise<SessionKeys> {
  const lengths = new Uint8Array(12)
  for (const [i, message] of [m1, m2, m3].entries()) viewOf(lengths).setUint32(4 * i, message.length)
  const th = await sha256(utf8('WH1 th\0'), sid, lengths, m1, m2, m3)
  const prk = await hkdfExtract(th, concat(shared, psk))
  const number = viewOf(await hkdfExpand(prk, 'WH1 sas', 8)).getBigUint64(0) % 10n ** BigInt(SAS_DIGITS)
  return {
    th,
    sas: number.toString().padStart(SAS_DIGITS, '0'),
    o2a: await hkdfExpand(prk, 'WH1 traffic o2a'),
    a2o: await hkdfExpand(prk, 'WH1 traffic a2o'),
    resume: await hkdfExpand(prk, 'WH1 resume'),
  }
}

/** `resume`: the secret of an earlier link, if one is still remembered. */
interface Side {
  readonly sid: Bytes
  readonly resume: Bytes | null
  readonly key: ExchangeKey
  readonly nonce: Bytes
}

async function prepare(sid: Bytes, resume: Bytes | null, random: Random): Promise<Side> {
  if (sid.length !== SID_BYTES || (resume !== null && resume.length !== KEY_BYTES)) {
    throw new LocalProtocolError('BAD_KEY', 'sid or resume secret')
  }
  const secret = random(KEY_BYTES)
  const nonce = random(KEY_BYTES)
  return { sid, resume, key: await ExchangeKey.create(secret), nonce }
}

const EMPTY = new Uint8Array(0)

/** The operator's side. `resume` chooses suite 2. */
export class ConsoleHandshake {
  private constructor(
    private readonly side: Side,
    private readonly suite: number,
    readonly m1: Bytes,
  ) {}

  static async create(sid: Bytes, resume: Bytes | null = null, random: Random = systemRandom): Promise<ConsoleHandshake> {
    const side = await prepare(sid, resume, random)
    const suite = resume === null ? Suite.X25519 : Suite.X25519_RESUME
    const m1 = concat(Uint8Array.of(VERSION, suite), await commitment(side.key.publicKey, side.nonce))
    return new ConsoleHandshake(side, suite, m1)
  }

  /** -> m3 to send, and the keys. Throws RemoteProtocolError("BAD_HANDSHAKE"). */
  async receiveM2(m2: Bytes): Promise<{ m3: Bytes; keys: SessionKeys }> {
    if (m2.length !== M2_BYTES || m2[0] !== VERSION || m2[1] !== this.suite) {
      throw new RemoteProtocolError('BAD_HANDSHAKE', 'm2')
    }
    const { sid, resume, key, nonce } = this.side
    const shared = await key.sharedWith(m2.slice(2, 2 + KEY_BYTES))
    const m3 = concat(key.publicKey, nonce)
    return { m3, keys: await derive(sid, shared, resume ?? EMPTY, this.m1, m2, m3) }
  }
}

/** The PC's side. */
export class AgentHandshake {
  private m1: Bytes = EMPTY
  private m2: Bytes = EMPTY

  private constructor(private readonly side: Side) {}

  static async create(sid: Bytes, resume: Bytes | null = null, random: Random = systemRandom): Promise<AgentHandshake> {
    return new AgentHandshake(await prepare(sid, resume, random))
  }

  get resumed(): boolean {
    return this.m1[1] === Suite.X25519_RESUME
  }

  /** -> m2. Throws RemoteProtocolError: "BAD_HANDSHAKE", or "RESUME_UNKNOWN" if suite 2 is asked for without a secret. */
  receiveM1(m1: Bytes): Bytes {
    if (m1.length !== M1_BYTES || m1[0] !== VERSION) throw new RemoteProtocolError('BAD_HANDSHAKE', 'm1')
    const suite = m1[1]
    if (suite !== Suite.X25519 && suite !== Suite.X25519_RESUME) {
      throw new RemoteProtocolError('BAD_HANDSHAKE', `suite ${String(suite)}`)
    }
    if (suite === Suite.X25519_RESUME && this.side.resume === null) throw new RemoteProtocolError('RESUME_UNKNOWN')
    this.m1 = m1
    this.m2 = concat(m1.subarray(0, 2), this.side.key.publicKey, this.side.nonce)
    return this.m2
  }

  /** Throws RemoteProtocolError("BAD_HANDSHAKE"), also when m3 is not what m1 committed to. */
  async receiveM3(m3: Bytes): Promise<SessionKeys> {
    if (m3.length !== M3_BYTES) throw new RemoteProtocolError('BAD_HANDSHAKE', 'm3')
    const publicKey = m3.slice(0, KEY_BYTES)
    const committed = await commitment(publicKey, m3.slice(KEY_BYTES))
    if (!sameBytes(committed, this.m1.subarray(2))) throw new RemoteProtocolError('BAD_HANDSHAKE', 'commitment')
    const psk = this.resumed ? (this.side.resume ?? EMPTY) : EMPTY
    return derive(this.side.sid, await this.side.key.sharedWith(publicKey), psk, this.m1, this.m2, m3)
  }
}
