/**
 * Channel 0: who is there, what is allowed, liveness, the end. `type u8 | body`, big-endian.
 *
 *     0x01 AUTH      u16 n, n bytes identity (JSON), 64 bytes Ed25519 signature: m4 and m5 of WH1, the first frame of each direction
 *     0x02 REKEY     empty: the next frame of this direction uses the next key
 *     0x03 WELCOME   agent -> console, JSON Welcome: after AUTH, and again whenever it changes
 *     0x04 END       JSON End: the sender ends the session
 *     0x05 PING      u64 anything
 *     0x06 PONG      u64 the same back
 *     0x07 NOTE      console -> agent, JSON Note: what the operator does with the picture, shown to the customer and recorded
 */

import { concat, fromHex, utf8, viewOf, type Bytes } from './bytes'
import { RemoteProtocolError } from './errors'
import { boolean, dumpJson, list, loadObject, object, oneOf, optional, required, text } from './messages'
import { KEY_BYTES, SIGNATURE_BYTES, sha256, verifySignature, type SigningKey } from './secure'

export const ControlType = { AUTH: 0x01, REKEY: 0x02, WELCOME: 0x03, END: 0x04, PING: 0x05, PONG: 0x06, NOTE: 0x07 } as const

/** What the session asks of the confirmation number. Required: no picture and no input before it was typed on the PC. */
export type SasPolicy = 'off' | 'shown' | 'required'

/** The lock states of the console. There is no state without end-to-end encryption. */
export type Trust = 'unverified' | 'number' | 'device_key'

/** What each end says of itself in AUTH. `key`: Ed25519 public key, hex. Untrusted text: show it, never obey it. */
export interface Identity {
  readonly kind: string
  readonly name: string
  readonly version: string
  readonly key: string
  readonly host: string
  readonly user: string
  readonly os: string
  readonly os_version: string
}

export interface Welcome {
  readonly permissions: readonly string[]
  readonly sas_policy: SasPolicy
  readonly trust: Trust
  readonly resumed: boolean
}

/** What only the console knows of, because it does it with what it already has. */
export type Doing = 'recording_started' | 'recording_stopped' | 'screenshot'

export type ControlMessage =
  | ({ readonly type: 'welcome' } & Welcome)
  | { readonly type: 'end'; readonly reason: string }
  | { readonly type: 'ping'; readonly token: bigint }
  | { readonly type: 'pong'; readonly token: bigint }
  | { readonly type: 'note'; readonly doing: Doing }
  | { readonly type: 'rekey' }

export const MAX_IDENTITY_BYTES = 4096
const TOKEN_BYTES = 9

const IDENTITY = object<Identity>({
  kind: required(text),
  name: required(text),
  version: required(text),
  key: required(text),
  host: optional(text, ''),
  user: optional(text, ''),
  os: optional(text, ''),
  os_version: optional(text, ''),
})

const WELCOME = object<Welcome>({
  permissions: required(list(text)),
  sas_policy: required(oneOf('off', 'shown', 'required')),
  trust: required(oneOf('unverified', 'number', 'device_key')),
  resumed: required(boolean),
})

const NOTE = object<{ doing: Doing }>({ doing: required(oneOf('recording_started', 'recording_stopped', 'screenshot')) })

const END = object<{ reason: string }>({ reason: required(text) })

function tagged(type: number, rest: Uint8Array): Bytes {
  return concat(Uint8Array.of(type), rest)
}

function encodeToken(type: number, token: bigint): Bytes {
  const out = new Uint8Array(TOKEN_BYTES)
  out[0] = type
  viewOf(out).setBigUint64(1, token)
  return out
}

export function encode(message: ControlMessage): Bytes {
  switch (message.type) {
    case 'welcome': {
      const { permissions, sas_policy, trust, resumed } = message
      return tagged(ControlType.WELCOME, dumpJson({ permissions, sas_policy, trust, resumed }))
    }
    case 'end':
      return tagged(ControlType.END, dumpJson({ reason: message.reason }))
    case 'ping':
      return encodeToken(ControlType.PING, message.token)
    case 'pong':
      return encodeToken(ControlType.PONG, message.token)
    case 'note':
      return tagged(ControlType.NOTE, dumpJson({ doing: message.doing }))
    case 'rekey':
      return Uint8Array.of(ControlType.REKEY)
  }
}

/** Any message but AUTH. Throws RemoteProtocolError("BAD_CONTROL"). */
export function decode(body: Uint8Array): ControlMessage {
  const kind = body[0]
  const rest = body.subarray(1)
  if (kind === ControlType.WELCOME) return { type: 'welcome', ...loadObject(WELCOME, rest, 'BAD_CONTROL') }
  if (kind === ControlType.END) return { type: 'end', ...loadObject(END, rest, 'BAD_CONTROL') }
  if (kind === ControlType.NOTE) return { type: 'note', ...loadObject(NOTE, rest, 'BAD_CONTROL') }
  if ((kind === ControlType.PING || kind === ControlType.PONG) && body.length === TOKEN_BYTES) {
    return { type: kind === ControlType.PING ? 'ping' : 'pong', token: viewOf(body).getBigUint64(1) }
  }
  if (kind === ControlType.REKEY && body.length === 1) return { type: 'rekey' }
  throw new RemoteProtocolError('BAD_CONTROL', `message ${String(kind)}`)
}

export type AuthSide = 'A' | 'O'

async function signed(side: AuthSide, th: Bytes, blob: Bytes): Promise<Bytes> {
  return concat(utf8(`WH1 auth ${side}\0`), th, await sha256(blob))
}

/** m4 (`side` "A") or m5 ("O"). */
export async function encodeAuth(side: AuthSide, th: Bytes, identity: Identity, key: SigningKey): Promise<Bytes> {
  const { kind, name, version, host, user, os, os_version } = identity
  const blob = dumpJson({ kind, name, version, key: identity.key, host, user, os, os_version })
  const head = Uint8Array.of(ControlType.AUTH, blob.length >> 8, blob.length & 0xff)
  return concat(head, blob, await key.sign(await signed(side, th, blob)))
}

/**
 * Checks the signature by the key that the identity names: it proves possession and binds the key to this handshake, not who
 * owns it. Throws RemoteProtocolError("BAD_AUTH" or "BAD_SIGNATURE").
 */
export async function decodeAuth(side: AuthSide, th: Bytes, body: Bytes): Promise<Identity> {
  if (body.length < 3 || body[0] !== ControlType.AUTH) throw new RemoteProtocolError('BAD_AUTH', 'no AUTH')
  const length = viewOf(body).getUint16(1)
  const blob = body.slice(3, 3 + length)
  const signature = body.slice(3 + length)
  if (blob.length !== length || length > MAX_IDENTITY_BYTES || signature.length !== SIGNATURE_BYTES) {
    throw new RemoteProtocolError('BAD_AUTH', 'length')
  }
  const identity = loadObject(IDENTITY, blob, 'BAD_AUTH')
  if (!/^[0-9a-f]+$/.test(identity.key) || identity.key.length !== 2 * KEY_BYTES) {
    throw new RemoteProtocolError('BAD_AUTH', 'key')
  }
  await verifySignature(fromHex(identity.key), signature, await signed(side, th, blob))
  return identity
}
