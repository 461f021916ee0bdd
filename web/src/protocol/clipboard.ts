/**
 * Channel 7: text of the clipboards of both sides, while the operator has switched it on. `type u8 | body`.
 *
 *     0x01 SWITCH    console -> agent: u8 1 = on, 0 = off; at the beginning of each link it is off
 *     0x02 TEXT      both ways: UTF-8 without NUL, 1 to MAX_TEXT_BYTES bytes, lines end with LF: what was copied just now
 *     0x03 TOO_LONG  agent -> console: empty: something was copied that is longer than TEXT may be
 */

import { concat, utf8, type Bytes } from './bytes'
import { LocalProtocolError, RemoteProtocolError } from './errors'

export const ClipboardType = { SWITCH: 0x01, TEXT: 0x02, TOO_LONG: 0x03 } as const

export const MAX_TEXT_BYTES = 256 * 1024

export type ConsoleMessage = { readonly type: 'switch'; readonly on: boolean } | { readonly type: 'text'; readonly text: string }
export type AgentMessage = { readonly type: 'text'; readonly text: string } | { readonly type: 'too_long' }

/** Whether it may be sent as TEXT. */
export function fits(text: string): boolean {
  if (text === '' || text.includes('\0')) return false
  return text.length <= MAX_TEXT_BYTES && utf8(text).length <= MAX_TEXT_BYTES
}

/** Throws LocalProtocolError("BAD_CLIPBOARD") for a text that does not fit. */
export function encode(message: ConsoleMessage): Bytes {
  if (message.type === 'switch') return Uint8Array.of(ClipboardType.SWITCH, Number(message.on))
  if (!fits(message.text)) throw new LocalProtocolError('BAD_CLIPBOARD', 'text')
  return concat(Uint8Array.of(ClipboardType.TEXT), utf8(message.text))
}

/** What an agent may send. Throws RemoteProtocolError("BAD_CLIPBOARD"). */
export function decode(body: Uint8Array): AgentMessage {
  if (body.length === 1 && body[0] === ClipboardType.TOO_LONG) return { type: 'too_long' }
  if (body.length < 2 || body.length > MAX_TEXT_BYTES + 1 || body[0] !== ClipboardType.TEXT) {
    throw new RemoteProtocolError('BAD_CLIPBOARD', `message of ${String(body.length)} bytes`)
  }
  return { type: 'text', text: decodeText(body.subarray(1)) }
}

function decodeText(bytes: Uint8Array): string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new RemoteProtocolError('BAD_CLIPBOARD', 'not UTF-8')
  }
  if (text.includes('\0')) throw new RemoteProtocolError('BAD_CLIPBOARD', 'NUL')
  return text
}
