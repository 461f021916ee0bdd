/**
 * Channel 2, console -> agent: pointer, keys and text. All integers are big-endian.
 *
 *     0x01 KEY       u8 1 = down, 0 = up; then the KeyboardEvent.code in ASCII ("KeyA", "Lang1"): a physical key
 *     0x02 TEXT      UTF-8, composed at the console: typed as characters whatever the remote layout is
 *     0x03 POINTER   u16 x, u16 y, u8 buttons: the whole pointer state (a lost event cannot leave a button down);
 *                    pixels of the picture; buttons as in MouseEvent.buttons: 1 left, 2 right, 4 middle, 8 back, 16 forward
 *     0x04 WHEEL     u16 x, u16 y, i16 dx, i16 dy: 120 is one notch, positive is right and down
 *     0x05 RELEASE   empty: every key and button goes up (focus was lost)
 *
 * Source of the codes: W3C "UI Events KeyboardEvent code Values".
 */

import { concat, utf8, viewOf, type Bytes } from './bytes'
import { LocalProtocolError, RemoteProtocolError } from './errors'

export const InputType = { KEY: 0x01, TEXT: 0x02, POINTER: 0x03, WHEEL: 0x04, RELEASE: 0x05 } as const

export const MAX_TEXT_BYTES = 4096
export const MAX_CODE_LENGTH = 24
export const ALL_BUTTONS = 0b11111

const POINTER_BYTES = 6
const WHEEL_BYTES = 9
const CODE = /^[A-Za-z0-9]+$/

export type InputMessage =
  | { readonly type: 'key'; readonly code: string; readonly down: boolean }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'pointer'; readonly x: number; readonly y: number; readonly buttons: number }
  | { readonly type: 'wheel'; readonly x: number; readonly y: number; readonly dx: number; readonly dy: number }
  | { readonly type: 'release' }

export function isCode(code: string): boolean {
  return code.length <= MAX_CODE_LENGTH && CODE.test(code)
}

/** Throws LocalProtocolError("BAD_INPUT") for a code or text that no agent would take. */
export function encode(message: InputMessage): Bytes {
  switch (message.type) {
    case 'key':
      if (!isCode(message.code)) throw new LocalProtocolError('BAD_INPUT', 'key')
      return concat(Uint8Array.of(InputType.KEY, Number(message.down)), utf8(message.code))
    case 'text':
      return encodeText(message.text)
    case 'pointer': {
      const out = new Uint8Array(POINTER_BYTES)
      place(out, InputType.POINTER, message.x, message.y)
      out[5] = message.buttons & ALL_BUTTONS
      return out
    }
    case 'wheel': {
      const out = new Uint8Array(WHEEL_BYTES)
      place(out, InputType.WHEEL, message.x, message.y)
      viewOf(out).setInt16(5, message.dx)
      viewOf(out).setInt16(7, message.dy)
      return out
    }
    case 'release':
      return Uint8Array.of(InputType.RELEASE)
  }
}

function encodeText(text: string): Bytes {
  const data = utf8(text)
  if (data.length === 0 || data.length > MAX_TEXT_BYTES) throw new LocalProtocolError('BAD_INPUT', 'text length')
  return concat(Uint8Array.of(InputType.TEXT), data)
}

function place(out: Bytes, type: number, x: number, y: number): void {
  out[0] = type
  viewOf(out).setUint16(1, x)
  viewOf(out).setUint16(3, y)
}

/** A message with its type byte. Throws RemoteProtocolError("BAD_INPUT") on anything malformed. */
export function decode(body: Uint8Array): InputMessage {
  const kind = body[0]
  const view = viewOf(body)
  if (kind === InputType.KEY) return decodeKey(body)
  if (kind === InputType.TEXT) return decodeText(body.subarray(1))
  if (kind === InputType.POINTER && body.length === POINTER_BYTES) {
    const buttons = view.getUint8(5)
    if ((buttons & ~ALL_BUTTONS) !== 0) throw new RemoteProtocolError('BAD_INPUT', 'buttons')
    return { type: 'pointer', x: view.getUint16(1), y: view.getUint16(3), buttons }
  }
  if (kind === InputType.WHEEL && body.length === WHEEL_BYTES) {
    return { type: 'wheel', x: view.getUint16(1), y: view.getUint16(3), dx: view.getInt16(5), dy: view.getInt16(7) }
  }
  if (kind === InputType.RELEASE && body.length === 1) return { type: 'release' }
  throw new RemoteProtocolError('BAD_INPUT', `message ${String(kind)}`)
}

function decodeKey(body: Uint8Array): InputMessage {
  const code = String.fromCharCode(...body.subarray(2, 2 + MAX_CODE_LENGTH + 1))
  const down = body[1]
  if (!isCode(code) || (down !== 0 && down !== 1)) throw new RemoteProtocolError('BAD_INPUT', 'key')
  return { type: 'key', code, down: down === 1 }
}

function decodeText(data: Uint8Array): InputMessage {
  if (data.length === 0 || data.length > MAX_TEXT_BYTES) throw new RemoteProtocolError('BAD_INPUT', 'text length')
  try {
    return { type: 'text', text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data) }
  } catch (problem) {
    if (problem instanceof TypeError) throw new RemoteProtocolError('BAD_INPUT', 'text is not UTF-8')
    throw problem
  }
}
