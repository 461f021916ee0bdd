/**
 * The one door to cryptography of the protocol: X25519, HKDF-SHA256, AES-256-GCM, Ed25519 of WebCrypto. Lengths are checked
 * here. Purposes of the keys are in docs/protocol.md, "WH1". WebCrypto is asynchronous: callers keep the order (link.ts).
 */

import { concat, fromHex, utf8, viewOf, type Bytes } from './bytes'
import { type Channel } from './channels'
import { LocalProtocolError, RemoteProtocolError } from './errors'
import { HEADER_BYTES, decodeHeader, encodeHeader, pad, unpad } from './frames'

export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

const SECOND = 1000
const MINUTE = 60 * SECOND
export const REKEY_FRAMES = 2 ** 20
export const REKEY_BYTES = 16 * 2 ** 30
export const REKEY_MS = 30 * MINUTE

export type Random = (length: number) => Bytes
export const systemRandom: Random = (length) => crypto.getRandomValues(new Uint8Array(length))

/** Milliseconds that only go forward; the origin does not matter. */
export type Clock = () => number

/** RFC 8410: the fixed DER bytes before a raw 32-byte private key. */
const PKCS8_X25519 = fromHex('302e020100300506032b656e04220420')
const PKCS8_ED25519 = fromHex('302e020100300506032b657004220420')

/** RFC 7748: the public value u = 9; multiplied by a secret it gives the public key. */
const BASE_POINT = Uint8Array.from({ length: KEY_BYTES }, (_, i) => (i === 0 ? 9 : 0))

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat(...parts)))
}

async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, data))
}

export function hkdfExtract(salt: Bytes, material: Bytes): Promise<Bytes> {
  return hmac(salt, material)
}

/** RFC 5869 for at most one block (`length` <= 32), which is all that WH1 needs. */
export async function hkdfExpand(key: Bytes, info: string, length = KEY_BYTES): Promise<Bytes> {
  if (key.length !== KEY_BYTES || length <= 0 || length > KEY_BYTES) throw new LocalProtocolError('BAD_KEY', 'hkdf')
  return (await hmac(key, concat(utf8(info), Uint8Array.of(1)))).subarray(0, length)
}

/** An X25519 key pair for one handshake. */
export class ExchangeKey {
  private constructor(
    private readonly secret: CryptoKey,
    readonly publicKey: Bytes,
  ) {}

  static async create(secret: Bytes): Promise<ExchangeKey> {
    if (secret.length !== KEY_BYTES) throw new LocalProtocolError('BAD_KEY', 'x25519 secret')
    const key = await crypto.subtle.importKey('pkcs8', concat(PKCS8_X25519, secret), 'X25519', false, ['deriveBits'])
    return new ExchangeKey(key, await exchange(key, BASE_POINT))
  }

  /** Throws RemoteProtocolError("BAD_HANDSHAKE") for a wrong length and for an all-zero result. */
  async sharedWith(publicKey: Bytes): Promise<Bytes> {
    if (publicKey.length !== KEY_BYTES) throw new RemoteProtocolError('BAD_HANDSHAKE', 'public key length')
    const lowOrder = new RemoteProtocolError('BAD_HANDSHAKE', 'public key of low order')
    let shared: Bytes
    try {
      shared = await exchange(this.secret, publicKey)
    } catch (problem) {
      if (problem instanceof DOMException) throw lowOrder
      throw problem
    }
    if (shared.every((byte) => byte === 0)) throw lowOrder
    return shared
  }
}

async function exchange(secret: CryptoKey, publicKey: Bytes): Promise<Bytes> {
  const peer = await crypto.subtle.importKey('raw', publicKey, 'X25519', false, [])
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: peer }, secret, 8 * KEY_BYTES))
}

/** An Ed25519 key pair: a device's, an operator's, or a one-time session's own. */
export class SigningKey {
  private constructor(
    private readonly secret: CryptoKey,
    readonly publicKey: Bytes,
  ) {}

  /** A key pair of the browser; its secret may be non-extractable. */
  static async fromPair(pair: CryptoKeyPair): Promise<SigningKey> {
    return new SigningKey(pair.privateKey, new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)))
  }

  static async fromSecret(secret: Bytes): Promise<SigningKey> {
    if (secret.length !== KEY_BYTES) throw new LocalProtocolError('BAD_KEY', 'ed25519 secret')
    const der = concat(PKCS8_ED25519, secret)
    const key = await crypto.subtle.importKey('pkcs8', der, 'Ed25519', true, ['sign'])
    const { x } = await crypto.subtle.exportKey('jwk', key)
    const text = atob((x ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    return new SigningKey(key, Uint8Array.from(text, (letter) => letter.charCodeAt(0)))
  }

  async sign(data: Bytes): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.sign('Ed25519', this.secret, data))
  }
}

/** Throws RemoteProtocolError("BAD_SIGNATURE"). */
export async function verifySignature(publicKey: Bytes, signature: Bytes, data: Bytes): Promise<void> {
  if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) {
    throw new RemoteProtocolError('BAD_SIGNATURE', 'length')
  }
  if (!(await verified(publicKey, signature, data))) throw new RemoteProtocolError('BAD_SIGNATURE')
}

async function verified(publicKey: Bytes, signature: Bytes, data: Bytes): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, signature, data)
  } catch (problem) {
    // Some engines refuse bytes that are no point of the curve when they import them.
    if (problem instanceof DOMException) return false
    throw problem
  }
}

/** When a sender moves to the next key. The receiver follows the announcement, whatever its own limits are. */
export interface RekeyLimits {
  readonly frames: number
  readonly sizeBytes: number
  readonly ms: number
}

export const REKEY_LIMITS: RekeyLimits = { frames: REKEY_FRAMES, sizeBytes: REKEY_BYTES, ms: REKEY_MS }

interface EpochKeys {
  readonly aead: CryptoKey
  readonly next: Bytes
}

async function epochKeys(traffic: Bytes, usage: 'encrypt' | 'decrypt'): Promise<EpochKeys> {
  const [key, next] = await Promise.all([hkdfExpand(traffic, 'WH1 key'), hkdfExpand(traffic, 'WH1 next')])
  return { aead: await crypto.subtle.importKey('raw', key, 'AES-GCM', false, [usage]), next }
}

function nonce(epoch: number, seq: number): Bytes {
  const out = new Uint8Array(12)
  viewOf(out).setUint32(0, epoch)
  viewOf(out).setBigUint64(4, BigInt(seq))
  return out
}

/** Bodies -> frames of one direction. Calls must not overlap. */
export class Sealer {
  private epoch = 0
  private seq = 0
  private frames = 0
  private sizeBytes = 0
  private since: number

  private constructor(
    private keys: EpochKeys,
    private readonly clock: Clock,
    private readonly limits: RekeyLimits,
  ) {
    this.since = clock()
  }

  static async create(traffic: Bytes, clock: Clock, limits: RekeyLimits = REKEY_LIMITS): Promise<Sealer> {
    return new Sealer(await epochKeys(traffic, 'encrypt'), clock, limits)
  }

  /** Whether the next frame should be the announcement of a new key. */
  due(): boolean {
    const { frames, sizeBytes, ms } = this.limits
    return this.frames >= frames || this.sizeBytes >= sizeBytes || this.clock() - this.since >= ms
  }

  async advance(): Promise<void> {
    this.keys = await epochKeys(this.keys.next, 'encrypt')
    this.epoch += 1
    this.frames = this.sizeBytes = 0
    this.since = this.clock()
  }

  async seal(channel: Channel, body: Bytes): Promise<Bytes> {
    const header = encodeHeader({ channel, epoch: this.epoch, seq: this.seq })
    const options = { name: 'AES-GCM', iv: nonce(this.epoch, this.seq), additionalData: header }
    // Before the wait, so that no way of using this object can use a nonce twice.
    this.seq += 1
    const sealed = await crypto.subtle.encrypt(options, this.keys.aead, pad(channel, body))
    const frame = concat(header, new Uint8Array(sealed))
    this.frames += 1
    this.sizeBytes += frame.length
    return frame
  }
}

/** Frames -> bodies of one direction; accepts exactly the next frame. Calls must not overlap. */
export class Opener {
  private epoch = 0
  private seq = 0

  private constructor(private keys: EpochKeys) {}

  static async create(traffic: Bytes): Promise<Opener> {
    return new Opener(await epochKeys(traffic, 'decrypt'))
  }

  async advance(): Promise<void> {
    this.keys = await epochKeys(this.keys.next, 'decrypt')
    this.epoch += 1
  }

  /** Throws RemoteProtocolError("BAD_FRAME"): the link is then dead, a second try must not be made. */
  async open(frame: Bytes): Promise<{ channel: Channel; body: Bytes }> {
    const { channel, epoch, seq } = decodeHeader(frame)
    if (epoch !== this.epoch || seq !== this.seq) throw new RemoteProtocolError('BAD_FRAME', 'out of order')
    const plaintext = await this.decrypt(frame)
    this.seq += 1
    return { channel, body: unpad(channel, plaintext) }
  }

  private async decrypt(frame: Bytes): Promise<Bytes> {
    const additionalData = frame.subarray(0, HEADER_BYTES)
    const options = { name: 'AES-GCM', iv: nonce(this.epoch, this.seq), additionalData }
    try {
      return new Uint8Array(await crypto.subtle.decrypt(options, this.keys.aead, frame.subarray(HEADER_BYTES)))
    } catch (problem) {
      if (problem instanceof DOMException) throw new RemoteProtocolError('BAD_FRAME', 'does not open')
      throw problem
    }
  }
}
