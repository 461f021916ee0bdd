/**
 * The frame: what travels after the handshake, one frame in one binary WebSocket message.
 *
 *     01 | channel u8 | epoch u32 | seq u64 | ciphertext and tag of AES-256-GCM        (big-endian)
 *
 * The 14 header bytes are the additional data, epoch | seq is the nonce. `seq` counts all frames of one direction over all
 * channels and epochs; a receiver accepts exactly the next one. Source: docs/protocol.md, "Frames".
 */

import { concat, viewOf, type Bytes } from './bytes'
import { PAD_BLOCK, PADDED, isChannel, type Channel } from './channels'
import { LocalProtocolError, RemoteProtocolError } from './errors'

export const VERSION = 1
export const HEADER_BYTES = 14
export const TAG_BYTES = 16
export const MAX_FRAME_BYTES = 4 * 1024 * 1024
export const MAX_BODY_BYTES = MAX_FRAME_BYTES - HEADER_BYTES - TAG_BYTES - PAD_BLOCK

/** `seq` stays a plain number: 2^53 frames are never reached within one link. */
export interface Header {
  readonly channel: Channel
  readonly epoch: number
  readonly seq: number
}

export function encodeHeader(header: Header): Bytes {
  const out = new Uint8Array(HEADER_BYTES)
  const view = viewOf(out)
  view.setUint8(0, VERSION)
  view.setUint8(1, header.channel)
  view.setUint32(2, header.epoch)
  view.setBigUint64(6, BigInt(header.seq))
  return out
}

/** Throws RemoteProtocolError("BAD_FRAME") for a wrong length, version or channel. */
export function decodeHeader(frame: Uint8Array): Header {
  if (!(HEADER_BYTES + TAG_BYTES < frame.length && frame.length <= MAX_FRAME_BYTES)) {
    throw new RemoteProtocolError('BAD_FRAME', `${frame.length} bytes`)
  }
  const view = viewOf(frame)
  const channel = view.getUint8(1)
  if (view.getUint8(0) !== VERSION) throw new RemoteProtocolError('BAD_FRAME', `version ${view.getUint8(0)}`)
  if (!isChannel(channel)) throw new RemoteProtocolError('BAD_FRAME', `channel ${channel}`)
  return { channel, epoch: view.getUint32(2), seq: Number(view.getBigUint64(6)) }
}

/** Body -> plaintext. Padded channels get 80 00…00 (ISO/IEC 7816-4) up to a multiple of PAD_BLOCK. */
export function pad(channel: Channel, body: Bytes): Bytes {
  if (body.length === 0 || body.length > MAX_BODY_BYTES) throw new LocalProtocolError('BAD_LENGTH', `${body.length} bytes`)
  if (!PADDED.has(channel)) return body
  const padding = new Uint8Array(PAD_BLOCK - (body.length % PAD_BLOCK))
  padding[0] = 0x80
  return concat(body, padding)
}

/** Plaintext -> body. Throws RemoteProtocolError("BAD_FRAME"). */
export function unpad(channel: Channel, plaintext: Bytes): Bytes {
  if (!PADDED.has(channel)) return notEmpty(plaintext)
  let end = plaintext.length
  while (end > 0 && plaintext[end - 1] === 0) end -= 1
  const wrong = plaintext.length % PAD_BLOCK !== 0 || plaintext[end - 1] !== 0x80 || plaintext.length - end >= PAD_BLOCK
  if (wrong) throw new RemoteProtocolError('BAD_FRAME', 'padding')
  return notEmpty(plaintext.subarray(0, end - 1))
}

function notEmpty(body: Bytes): Bytes {
  if (body.length === 0) throw new RemoteProtocolError('BAD_FRAME', 'empty')
  return body
}
