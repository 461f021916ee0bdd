/**
 * Channel 6: what the operator draws on the customer's screen. `type u8 | body`, big-endian; places are pixels of the
 * picture, u16 x and u16 y, as in POINTER of channel 2.
 *
 *     0x01 DRAW       console -> agent: u32 number, u8 shape, u8 width, 3 bytes red, green, blue; then by shape:
 *                     PEN 1 to MAX_POINTS places; LINE, ARROW, RECTANGLE, ELLIPSE two places; TEXT a place and UTF-8 as `fits`
 *                     says; STEP a place and one to three ASCII digits.
 *                     Marks are numbered upwards; the last one may be sent again, and replaces itself
 *     0x02 MORE       console -> agent: u32 number, then 1 to MAX_POINTS places: the pen goes on. Only for the last mark
 *     0x03 UNDO       console -> agent: the last mark goes
 *     0x04 CLEAR      console -> agent: all marks go
 *     0x05 FADE       console -> agent: u8 seconds after which a mark goes by itself; 0 = it stays
 *     0x06 LASER      console -> agent: a place: the pointer of light is there, until the next one
 *     0x07 LASER_OFF  console -> agent
 *     0x11 STATE      agent -> console: u32 number, u16 marks: all up to `number` can be seen on the customer's screen, so many are left
 *     0x12 REFUSED    agent -> console: ASCII, why nothing can be shown on that PC
 */

import { concat, utf8, viewOf, type Bytes } from './bytes'
import { LocalProtocolError, RemoteProtocolError } from './errors'

export const Shape = { PEN: 1, LINE: 2, ARROW: 3, RECTANGLE: 4, ELLIPSE: 5, TEXT: 6, STEP: 7 } as const
export type Shape = (typeof Shape)[keyof typeof Shape]

/** Of one message. */
export const MAX_POINTS = 512
/** Pixels of the remote screen. */
export const MAX_WIDTH = 32
export const MAX_TEXT_BYTES = 600
export const MAX_LINES = 8

export type Place = readonly [x: number, y: number]

/** `colour`: 0xRRGGBB; `width`: 1 to MAX_WIDTH pixels; `text`: of TEXT and STEP, else empty. */
export interface Draw {
  readonly type: 'draw'
  readonly number: number
  readonly shape: Shape
  readonly width: number
  readonly colour: number
  readonly points: readonly Place[]
  readonly text: string
}

export interface More {
  readonly type: 'more'
  readonly number: number
  readonly points: readonly Place[]
}

export type ConsoleMessage =
  | Draw
  | More
  | { readonly type: 'undo' | 'clear' | 'laser_off' }
  | { readonly type: 'fade'; readonly seconds: number }
  | { readonly type: 'laser'; readonly x: number; readonly y: number }

export type AgentMessage =
  | { readonly type: 'state'; readonly number: number; readonly marks: number }
  | { readonly type: 'refused'; readonly code: string }

const TYPES = { draw: 1, more: 2, undo: 3, clear: 4, fade: 5, laser: 6, laser_off: 7 } as const
const STATE = 0x11
const STATE_BYTES = 7
const REFUSED = 0x12
const CODE = /^[A-Za-z0-9_]{1,32}$/
const STEP = /^[0-9]{1,3}$/
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** Whether it may be written on a screen: something to be seen, short, without control and direction characters. */
export function fits(text: string): boolean {
  const lines = text.split('\n')
  return text.trim() !== '' && !lines.some((line) => HIDDEN.test(line)) && lines.length <= MAX_LINES && utf8(text).length <= MAX_TEXT_BYTES
}

/** Throws LocalProtocolError("BAD_DRAW") for a mark that the agent would refuse. */
export function encode(message: ConsoleMessage): Bytes {
  const type = TYPES[message.type]
  switch (message.type) {
    case 'draw':
      return encodeDraw(message)
    case 'more':
      return concat(withNumber(type, message.number), packed(message.points))
    case 'fade':
      return Uint8Array.of(type, message.seconds)
    case 'laser':
      return concat(Uint8Array.of(type), packed([[message.x, message.y]]))
    default:
      return Uint8Array.of(type)
  }
}

function encodeDraw(mark: Draw): Bytes {
  if (!isWhole(mark)) throw new LocalProtocolError('BAD_DRAW', 'mark')
  const { colour } = mark
  const style = Uint8Array.of(mark.shape, mark.width, colour >>> 16, (colour >>> 8) & 0xff, colour & 0xff)
  return concat(withNumber(TYPES.draw, mark.number), style, packed(mark.points), utf8(mark.text))
}

function isWhole({ shape, width, points, text }: Draw): boolean {
  if (width < 1 || width > MAX_WIDTH) return false
  if (shape === Shape.TEXT) return points.length === 1 && fits(text)
  if (shape === Shape.STEP) return points.length === 1 && STEP.test(text)
  return shape === Shape.PEN ? points.length >= 1 && points.length <= MAX_POINTS : points.length === 2
}

function withNumber(type: number, number: number): Bytes {
  const bytes = new Uint8Array(5)
  bytes[0] = type
  viewOf(bytes).setUint32(1, number)
  return bytes
}

function packed(points: readonly Place[]): Bytes {
  const bytes = new Uint8Array(points.length * 4)
  const view = viewOf(bytes)
  points.forEach(([x, y], index) => {
    view.setUint16(index * 4, x)
    view.setUint16(index * 4 + 2, y)
  })
  return bytes
}

/** What an agent may send. Throws RemoteProtocolError("BAD_DRAW"). */
export function decode(body: Uint8Array): AgentMessage {
  if (body[0] === STATE && body.length === STATE_BYTES) {
    const view = viewOf(body)
    return { type: 'state', number: view.getUint32(1), marks: view.getUint16(5) }
  }
  const code = String.fromCharCode(...body.subarray(1, 64))
  if (body[0] !== REFUSED || !CODE.test(code)) throw new RemoteProtocolError('BAD_DRAW', 'message')
  return { type: 'refused', code }
}
