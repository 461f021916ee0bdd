/**
 * How a recording is encrypted (docs/protocol.md, "Recordings on the appliance").
 *
 * Each recording has a content key of its own (AES-256), sealed to the company's X25519 key:
 *
 *     ephemeral public key 32 | AES-256-GCM(content key 32) 48
 *     key = HKDF-SHA256(salt = ephemeral | company key, material = shared secret, "WizHelper recording key"), nonce 0
 *
 * A chunk is `flags u8 | AES-256-GCM`, nonce = its number as 12 bytes, bound to `recording id 16 | number u32 | flags`.
 * Flag 1 says that it is the last one: a recording that was cut does not open as a whole one.
 */

import { concat, viewOf, type Bytes } from '../../protocol/bytes'
import { ExchangeKey, hkdfExpand, hkdfExtract, KEY_BYTES, systemRandom, type Random } from '../../protocol/secure'
import { idBytes, u32 } from './chain'

const NONCE_BYTES = 12
const TAG_BYTES = 16
const LAST = 1
export const SEALED_BYTES = KEY_BYTES + KEY_BYTES + TAG_BYTES

/** What does not open: another key, or somebody changed it. */
export class SealBrokenError extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'SealBrokenError'
  }
}

const aes = (key: Bytes, uses: KeyUsage[]): Promise<CryptoKey> => crypto.subtle.importKey('raw', key, 'AES-GCM', false, uses)

async function sealingKey(shared: Bytes, ephemeral: Bytes, company: Bytes, uses: KeyUsage[]): Promise<CryptoKey> {
  const material = await hkdfExtract(concat(ephemeral, company), shared)
  return aes(await hkdfExpand(material, 'WizHelper recording key'), uses)
}

/** The content key for whoever has the company's private key. Throws RemoteProtocolError for a key that is none. */
export async function sealKey(content: Bytes, company: Bytes, random: Random = systemRandom): Promise<Bytes> {
  const ephemeral = await ExchangeKey.create(random(KEY_BYTES))
  const key = await sealingKey(await ephemeral.sharedWith(company), ephemeral.publicKey, company, ['encrypt'])
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(NONCE_BYTES) }, key, content)
  return concat(ephemeral.publicKey, new Uint8Array(sealed))
}

/** Throws SealBrokenError when it was sealed to another key. */
export async function openKey(sealed: Bytes, company: ExchangeKey): Promise<Bytes> {
  if (sealed.length !== SEALED_BYTES) throw new SealBrokenError('content key')
  const ephemeral = sealed.slice(0, KEY_BYTES)
  const key = await sealingKey(await company.sharedWith(ephemeral), ephemeral, company.publicKey, ['decrypt'])
  return opened(key, new Uint8Array(NONCE_BYTES), sealed.slice(KEY_BYTES), new Uint8Array(0), 'content key')
}

/** The chunks of one recording. A number is never used twice with one key. */
export class ChunkCipher {
  private constructor(
    private readonly key: CryptoKey,
    private readonly id: Bytes,
  ) {}

  static async create(content: Bytes, recording: string): Promise<ChunkCipher> {
    return new ChunkCipher(await aes(content, ['encrypt', 'decrypt']), idBytes(recording))
  }

  async seal(number: number, last: boolean, plain: Bytes): Promise<Bytes> {
    const flags = Uint8Array.of(last ? LAST : 0)
    const how = { name: 'AES-GCM', iv: nonceOf(number), additionalData: this.bound(number, flags) }
    return concat(flags, new Uint8Array(await crypto.subtle.encrypt(how, this.key, plain)))
  }

  /** Throws SealBrokenError for a chunk that was changed, or that is not this number of this recording. */
  async open(number: number, chunk: Bytes): Promise<{ plain: Bytes; last: boolean }> {
    const flags = chunk.slice(0, 1)
    const plain = await opened(this.key, nonceOf(number), chunk.slice(1), this.bound(number, flags), `chunk ${String(number)}`)
    return { plain, last: flags[0] === LAST }
  }

  private bound(number: number, flags: Bytes): Bytes {
    return concat(this.id, u32(number), flags)
  }
}

function nonceOf(number: number): Bytes {
  const nonce = new Uint8Array(NONCE_BYTES)
  viewOf(nonce).setUint32(NONCE_BYTES - 4, number)
  return nonce
}

async function opened(key: CryptoKey, iv: Bytes, data: Bytes, additionalData: Bytes, what: string): Promise<Bytes> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, data))
  } catch (problem) {
    // WebCrypto tells nothing but that it did not open.
    if (problem instanceof DOMException) throw new SealBrokenError(what)
    throw problem
  }
}
