/** The company's recording key: made and opened in the browser. Its private half leaves only under the company's passphrase. */

import { fromHex, toHex, utf8, type Bytes } from '../../protocol/bytes'
import { ExchangeKey, KEY_BYTES, systemRandom, type Random } from '../../protocol/secure'
import { SealBrokenError } from './cipher'

export const MIN_PASSPHRASE = 12
/** OWASP's figure for PBKDF2 with SHA-256. */
const ITERATIONS = 600_000
const MAX_ITERATIONS = 100_000_000
const SALT_BYTES = 16
const NONCE_BYTES = 12
const FORMAT = 'wizhelper recording key 1'

/** The private key (32 bytes and a tag) under a passphrase; hex. */
export interface WrappedKey {
  kdf: { name: 'PBKDF2-SHA-256'; iterations: number; salt: string }
  iv: string
  data: string
}

/** What the company keeps as a file. `public`: hex. */
export interface KeyFile {
  format: typeof FORMAT
  name: string
  public: string
  wrapped: WrappedKey
}

/** The passphrase, or the file, is not the one of this key. */
export class WrongPassphraseError extends Error {
  constructor() {
    super('wrong passphrase')
    this.name = 'WrongPassphraseError'
  }
}

export async function makeKeyFile(name: string, passphrase: string, random: Random = systemRandom): Promise<KeyFile> {
  const secret = random(KEY_BYTES)
  const { publicKey } = await ExchangeKey.create(secret)
  const salt = random(SALT_BYTES)
  const iv = random(NONCE_BYTES)
  const key = await wrappingKey(passphrase, salt, ITERATIONS)
  const data = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: publicKey }, key, secret)
  const kdf = { name: 'PBKDF2-SHA-256', iterations: ITERATIONS, salt: toHex(salt) } as const
  return { format: FORMAT, name, public: toHex(publicKey), wrapped: { kdf, iv: toHex(iv), data: toHex(new Uint8Array(data)) } }
}

/** Throws WrongPassphraseError. */
export async function unlock(publicKey: string, wrapped: WrappedKey, passphrase: string): Promise<ExchangeKey> {
  const key = await wrappingKey(passphrase, fromHex(wrapped.kdf.salt), wrapped.kdf.iterations)
  const how = { name: 'AES-GCM', iv: fromHex(wrapped.iv), additionalData: fromHex(publicKey) }
  let secret: Bytes
  try {
    secret = new Uint8Array(await crypto.subtle.decrypt(how, key, fromHex(wrapped.data)))
  } catch (problem) {
    if (problem instanceof DOMException) throw new WrongPassphraseError()
    throw problem
  }
  const pair = await ExchangeKey.create(secret)
  if (toHex(pair.publicKey) !== publicKey) throw new SealBrokenError('company key')
  return pair
}

/** What a key file holds, or null for anything else. */
export function readKeyFile(text: string): KeyFile | null {
  try {
    const value: unknown = JSON.parse(text)
    return isKeyFile(value) ? value : null
  } catch (problem) {
    if (problem instanceof SyntaxError) return null
    throw problem
  }
}

const isHex = (value: unknown): value is string => typeof value === 'string' && /^(?:[0-9a-f]{2})+$/.test(value)

function isKeyFile(value: unknown): value is KeyFile {
  const file = value as Partial<KeyFile> | null
  const wrapped = file?.wrapped
  const { iterations = 0, salt } = (wrapped?.kdf ?? {}) as Partial<WrappedKey['kdf']>
  const sensible = Number.isInteger(iterations) && iterations > 0 && iterations <= MAX_ITERATIONS
  return file?.format === FORMAT && typeof file.name === 'string' && [file.public, wrapped?.iv, wrapped?.data, salt].every(isHex) && sensible
}

async function wrappingKey(passphrase: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  // NFC: the same words typed on another system shall be the same bytes.
  const typed = await crypto.subtle.importKey('raw', utf8(passphrase.normalize('NFC')), 'PBKDF2', false, ['deriveKey'])
  const how = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations }
  return crypto.subtle.deriveKey(how, typed, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}
