/**
 * Channel 3: what operator and customer write to each other. `type u8 | body`, big-endian.
 *
 *     0x01 SAY   console -> agent: UTF-8, 1 to MAX_TEXT_BYTES bytes without control characters but LF
 *     0x02 SAID  agent -> console: u32 number, u8 1 = the customer said it, 0 = the operator; u64 milliseconds since 1970; UTF-8:
 *                one line of the conversation, which the agent numbers from 1; a new link begins with all that it still has
 */

import { concat, utf8, viewOf, type Bytes } from './bytes'
import { LocalProtocolError, RemoteProtocolError } from './errors'

export const ChatType = { SAY: 0x01, SAID: 0x02 } as const
export const MAX_TEXT_BYTES = 4096
const SAID_BYTES = 14
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/

export interface Say {
  readonly type: 'say'
  readonly text: string
}

export interface Said {
  readonly type: 'said'
  readonly number: number
  readonly customer: boolean
  readonly at_ms: number
  readonly text: string
}

/** Whether it may be said: something that can be seen, not too long, no control characters but LF. */
export function fits(text: string): boolean {
  return text.trim() !== '' && !CONTROL.test(text) && utf8(text).length <= MAX_TEXT_BYTES
}

/** Throws LocalProtocolError("BAD_CHAT") for a text that may not be said. */
export function encode(message: Say): Bytes {
  if (!fits(message.text)) throw new LocalProtocolError('BAD_CHAT', 'text')
  return concat(Uint8Array.of(ChatType.SAY), utf8(message.text))
}

/** What an agent may send. Throws RemoteProtocolError("BAD_CHAT"). */
export function decode(body: Uint8Array): Said {
  if (body.length < SAID_BYTES || body[0] !== ChatType.SAID || (body[5] ?? 2) > 1) throw new RemoteProtocolError('BAD_CHAT', 'message')
  const view = viewOf(body)
  const at = view.getBigUint64(6)
  if (at > BigInt(Number.MAX_SAFE_INTEGER)) throw new RemoteProtocolError('BAD_CHAT', 'time')
  const text = decodeText(body.subarray(SAID_BYTES))
  return { type: 'said', number: view.getUint32(1), customer: body[5] === 1, at_ms: Number(at), text }
}

function decodeText(bytes: Uint8Array): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new RemoteProtocolError('BAD_CHAT', 'not UTF-8')
  }
  if (!fits(text)) throw new RemoteProtocolError('BAD_CHAT', 'text')
  return text
}
