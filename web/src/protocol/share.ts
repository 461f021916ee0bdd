/**
 * Channel 17: the operator's own screen, shown to the customer. `type u8 | body`, big-endian.
 *
 *     0x01 BEGIN   console -> agent: empty: pictures follow
 *     0x02 FRAME   console -> agent: u32 number, u8 1 = the last part of that picture, then 1 to MAX_PART bytes of a JPEG
 *     0x03 STOP    console -> agent: empty
 *     0x11 SHOWN   agent -> console: u32 number: the customer sees that picture; no more than MAX_UNSEEN may be on their way
 *     0x12 CLOSED  agent -> console: ASCII: why the customer sees no more
 */

import { concat, viewOf, type Bytes } from './bytes'
import { LocalProtocolError, RemoteProtocolError } from './errors'

const BEGIN = 0x01
const FRAME = 0x02
const STOP = 0x03
const SHOWN = 0x11
const CLOSED = 0x12

export const MAX_PART = 32 * 1024
export const MAX_FRAME = 2 * 1024 * 1024
export const MAX_UNSEEN = 2
/** The customer closed the window; there is no screen to open one on; a picture that is none. */
export const CODES = ['CUSTOMER', 'NO_WINDOW', 'BAD_PICTURE'] as const
export type Code = (typeof CODES)[number]

export type ConsoleMessage =
  | { readonly type: 'begin' | 'stop' }
  | { readonly type: 'frame'; readonly number: number; readonly last: boolean; readonly part: Uint8Array }

export type AgentMessage =
  | { readonly type: 'shown'; readonly number: number }
  | { readonly type: 'closed'; readonly code: Code }

/** Throws LocalProtocolError("BAD_SHARE") for a part that is too long, or none. */
export function encode(message: ConsoleMessage): Bytes {
  if (message.type !== 'frame') return Uint8Array.of(message.type === 'begin' ? BEGIN : STOP)
  const { number, last, part } = message
  if (part.length === 0 || part.length > MAX_PART) throw new LocalProtocolError('BAD_SHARE', 'part')
  const head = new Uint8Array(6)
  head[0] = FRAME
  viewOf(head).setUint32(1, number)
  head[5] = last ? 1 : 0
  return concat(head, part)
}

/** What an agent may send. Throws RemoteProtocolError("BAD_SHARE"). */
export function decode(body: Uint8Array): AgentMessage {
  if (body[0] === SHOWN && body.length === 5) return { type: 'shown', number: viewOf(body).getUint32(1) }
  const told = String.fromCharCode(...body.subarray(1, 40))
  const code = CODES.find((known) => known === told)
  if (body[0] !== CLOSED || code === undefined) throw new RemoteProtocolError('BAD_SHARE', 'message')
  return { type: 'closed', code }
}
