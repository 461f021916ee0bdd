/**
 * Channel 1: screen updates from the agent, acknowledgements and wishes from the console.
 *
 * An update is one atomic screen step: the console decodes all of its operations, then draws them in order, then acknowledges.
 * All integers are big-endian.
 *
 * agent -> console
 *     0x01 UPDATE   u32 frame id, u32 agent clock in ms (mod 2^32), then operations
 *     0x02 STATS    JSON, see Stats
 *     0x03 TROUBLE  one of TROUBLES in ASCII: why there is no picture now; empty: it is over
 * console -> agent
 *     0x10 ACK      u32 frame id, u16 milliseconds from receipt to drawn
 *     0x11 CAPS     JSON {"decoders": [...]}: what the console can decode besides the baseline (COPY, ZSTD, JPEG)
 *     0x12 REFRESH  empty: send everything again
 *     0x13 VIEW     JSON, see ViewRequest
 *     0x14 PAUSE    u8 1 = the picture is not visible now, 0 = it is
 *
 * An operation is `u8 kind, u16 x, u16 y, u16 w, u16 h, i16 a, i16 b, u32 length` and `length` bytes of data:
 *     1 COPY    the rectangle at (a, b) of the picture so far goes to (x, y); no data
 *     2 ZSTD    u16 n, n x (u16 x, y, w, h), then a chunk of the session's one zstd stream whose output is the
 *               rectangles' pixels in BGRX rows, one rectangle after another; x, y, w, h of the operation are 0
 *     3 JPEG    a JPEG picture of w x h for (x, y)
 *     4 VIDEO   the next picture of a video stream for the rectangle, w and h even; a = 1: it begins anew (key frame);
 *               b: number of the stream; data: u8 codec (VIDEO_CODECS), then one coded picture. At most one in an update,
 *               and only what CAPS named; streams of another number, size or place end with the first picture of a new one
 *     5 CURSOR  the pointer's shape: w x h straight-alpha RGBA rows, hot spot (a, b); w = h = 0 hides it
 *     6 CURPOS  the pointer is at (x, y)
 *     7 RESIZE  the picture is now w x h (all black); data: JSON {"monitors": [{"x","y","width","height","name","primary"}],
 *               "shown"}: all monitors in pixels of the whole desktop; the picture is monitor number `shown`, or -1: all of them
 *     8 ZRESET  forget the zstd stream; the next ZSTD starts a new one
 */

import { concat, viewOf, type Bytes } from './bytes'
import { RemoteProtocolError } from './errors'
import { boolean, dumpJson, float, integer, list, loadObject, nullable, object, oneOf, optional, required, text } from './messages'

export const ScreenType = { UPDATE: 0x01, STATS: 0x02, TROUBLE: 0x03, ACK: 0x10, CAPS: 0x11, REFRESH: 0x12, VIEW: 0x13, PAUSE: 0x14 } as const

export const OpKind = { COPY: 1, ZSTD: 2, JPEG: 3, VIDEO: 4, CURSOR: 5, CURPOS: 6, RESIZE: 7, ZRESET: 8 } as const
export type OpKind = (typeof OpKind)[keyof typeof OpKind]

const KINDS: ReadonlySet<number> = new Set(Object.values(OpKind))

/** By their numbers in VIDEO, from 1 on; h264 is Annex B, with parameter sets in each key frame. */
export const VIDEO_CODECS = ['vp8', 'h264'] as const
export type VideoCodec = (typeof VIDEO_CODECS)[number]

/** 33 Mpx is an 8K monitor; a console must refuse more before it allocates (security: hostile agent). */
export const MAX_PIXELS = 33_177_600
export const MAX_CURSOR_SIDE = 256
/** Why the viewer sees nothing or nothing new; SCREEN_BLACK: a picture in which every pixel is black. */
export const TROUBLES = ['CAPTURE_UNAVAILABLE', 'CAPTURE_DENIED', 'CAPTURE_LOST', 'SCREEN_BLACK'] as const
export type Trouble = (typeof TROUBLES)[number]
export const MAX_OPS = 4096

const UPDATE_BYTES = 9
const OP_BYTES = 17
const RECT_BYTES = 8
const ACK_BYTES = 7
const BAD = 'BAD_SCREEN'
const MAX_TROUBLE_LENGTH = 40

export interface Rect {
  readonly x: number
  readonly y: number
  readonly w: number
  readonly h: number
}

/** One drawing operation; the meaning of `a`, `b` and `data` depends on `kind` (above). `data` is a view of the message. */
export interface Op extends Rect {
  readonly kind: OpKind
  readonly a: number
  readonly b: number
  readonly data: Bytes
}

export interface Update {
  readonly frameId: number
  readonly stampMs: number
  readonly ops: readonly Op[]
}

export interface MonitorInfo {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly name: string
  readonly primary: boolean
}

/** Measured by the agent over the last second. `latency_ms`: capture began -> acknowledged as drawn, median; null without frames. */
export interface Stats {
  readonly latency_ms: number | null
  readonly fps: number
  readonly kbit_s: number
  readonly capture: string
  readonly width: number
  readonly height: number
  /** Of the video stream under way; "": there is none. */
  readonly codec: string
}

export const QUALITIES = ['auto', 'sharp', 'balanced', 'economy'] as const
export type Quality = (typeof QUALITIES)[number]
/** All; 4,096; 256 shades of grey. */
export const COLOURS = ['full', 'reduced', 'grey'] as const
export type Colours = (typeof COLOURS)[number]

export const ALL_MONITORS = -1

/** All monitors in pixels of the whole desktop; `shown`: the one that is the picture, or ALL_MONITORS. */
export interface Monitors {
  readonly monitors: readonly MonitorInfo[]
  readonly shown: number
}

export interface ViewWish {
  readonly capture: string
  readonly cursor: boolean
  readonly quality: Quality
  readonly colours: Colours
  readonly monitor: number
}

export type ViewerMessage =
  | { readonly type: 'ack'; readonly frameId: number; readonly drawnMs: number }
  | { readonly type: 'caps'; readonly decoders: readonly string[] }
  | { readonly type: 'refresh' }
  | ({ readonly type: 'view' } & ViewWish)
  | { readonly type: 'pause'; readonly paused: boolean }

const MONITORS = object<Monitors>({
  shown: optional(integer, ALL_MONITORS),
  monitors: required(
    list(
      object<MonitorInfo>({
        x: required(integer),
        y: required(integer),
        width: required(integer),
        height: required(integer),
        name: required(text),
        primary: required(boolean),
      }),
    ),
  ),
})

const STATS = object<Stats>({
  latency_ms: required(nullable(float)),
  fps: required(float),
  kbit_s: required(float),
  capture: required(text),
  width: required(integer),
  height: required(integer),
  codec: optional(text, ''),
})

const CAPS = object<{ decoders: readonly string[] }>({ decoders: optional(list(text), []) })
const VIEW = object<ViewWish>({
  monitor: optional(integer, ALL_MONITORS),
  capture: optional(text, 'fast'),
  cursor: optional(boolean, true),
  quality: optional(oneOf(...QUALITIES), 'auto'),
  colours: optional(oneOf(...COLOURS), 'full'),
})

export function makeOp(kind: OpKind, fields: Partial<Omit<Op, 'kind'>> = {}): Op {
  return { kind, x: 0, y: 0, w: 0, h: 0, a: 0, b: 0, data: new Uint8Array(0), ...fields }
}

function encodeOp(op: Op): Bytes {
  const head = new Uint8Array(OP_BYTES)
  const view = viewOf(head)
  view.setUint8(0, op.kind)
  for (const [i, value] of [op.x, op.y, op.w, op.h].entries()) view.setUint16(1 + 2 * i, value)
  view.setInt16(9, op.a)
  view.setInt16(11, op.b)
  view.setUint32(13, op.data.length)
  return concat(head, op.data)
}

export function encodeUpdate(update: Update): Bytes {
  const head = new Uint8Array(UPDATE_BYTES)
  head[0] = ScreenType.UPDATE
  viewOf(head).setUint32(1, update.frameId)
  viewOf(head).setUint32(5, update.stampMs)
  return concat(head, ...update.ops.map(encodeOp))
}

/** Data of a ZSTD operation. */
export function zstdData(rects: readonly Rect[], chunk: Bytes): Bytes {
  const head = new Uint8Array(2 + RECT_BYTES * rects.length)
  const view = viewOf(head)
  view.setUint16(0, rects.length)
  for (const [i, r] of rects.entries()) {
    for (const [j, value] of [r.x, r.y, r.w, r.h].entries()) view.setUint16(2 + RECT_BYTES * i + 2 * j, value)
  }
  return concat(head, chunk)
}

export function resizeData({ monitors, shown }: Monitors): Bytes {
  return dumpJson({ monitors, shown })
}

/** Throws RemoteProtocolError("BAD_SCREEN"). */
export function decodeResizeData(data: Bytes): Monitors {
  return loadObject(MONITORS, data, BAD)
}

/** The message with its type byte -> Update. Throws RemoteProtocolError("BAD_SCREEN") on anything malformed. */
export function decodeUpdate(body: Bytes): Update {
  if (body.length < UPDATE_BYTES || body[0] !== ScreenType.UPDATE) throw new RemoteProtocolError(BAD, 'no update')
  const view = viewOf(body)
  return { frameId: view.getUint32(1), stampMs: view.getUint32(5), ops: decodeOps(body, UPDATE_BYTES) }
}

function decodeOps(body: Bytes, start: number): Op[] {
  const ops: Op[] = []
  let offset = start
  while (offset < body.length) {
    if (ops.length >= MAX_OPS || offset + OP_BYTES > body.length) throw new RemoteProtocolError(BAD, 'operation list')
    const op = decodeOp(body, offset)
    ops.push(op)
    offset += OP_BYTES + op.data.length
  }
  return ops
}

function decodeOp(body: Bytes, offset: number): Op {
  const view = viewOf(body)
  const kind = view.getUint8(offset)
  const length = view.getUint32(offset + 13)
  const end = offset + OP_BYTES + length
  if (end > body.length) throw new RemoteProtocolError(BAD, 'operation is cut short')
  if (!KINDS.has(kind)) throw new RemoteProtocolError(BAD, `operation ${kind}`)
  return {
    kind: kind as OpKind,
    ...decodeRect(view, offset + 1),
    a: view.getInt16(offset + 9),
    b: view.getInt16(offset + 11),
    data: body.subarray(offset + OP_BYTES, end),
  }
}

function decodeRect(view: DataView, at: number): Rect {
  return { x: view.getUint16(at), y: view.getUint16(at + 2), w: view.getUint16(at + 4), h: view.getUint16(at + 6) }
}

/** -> rectangles and stream chunk. Throws RemoteProtocolError("BAD_SCREEN"). */
export function decodeZstdData(data: Bytes): { rects: Rect[]; chunk: Bytes } {
  const view = viewOf(data)
  const count = data.length < 2 ? 0 : view.getUint16(0)
  const end = 2 + count * RECT_BYTES
  if (count === 0 || data.length < end) throw new RemoteProtocolError(BAD, 'zstd rectangles')
  const rects = Array.from({ length: count }, (_, i) => decodeRect(view, 2 + i * RECT_BYTES))
  return { rects, chunk: data.subarray(end) }
}

/** Data of a VIDEO operation -> codec and one coded picture. Throws RemoteProtocolError("BAD_SCREEN"). */
export function decodeVideoData(data: Bytes): { codec: VideoCodec; picture: Bytes } {
  const codec = VIDEO_CODECS[(data[0] ?? 0) - 1]
  if (codec === undefined || data.length < 2) throw new RemoteProtocolError(BAD, 'video operation')
  return { codec, picture: data.subarray(1) }
}

export function encodeStats(stats: Stats): Bytes {
  return concat(Uint8Array.of(ScreenType.STATS), dumpJson(stats))
}

/** The message with its type byte. Throws RemoteProtocolError("BAD_SCREEN"). */
export function decodeStats(body: Bytes): Stats {
  return loadObject(STATS, body.subarray(1), BAD)
}

/** The message with its type byte -> why there is no picture, or null when it is back. Throws RemoteProtocolError("BAD_SCREEN"). */
export function decodeTrouble(body: Bytes): Trouble | null {
  const code = String.fromCharCode(...body.subarray(1, 1 + MAX_TROUBLE_LENGTH))
  if (code === '') return null
  const known = TROUBLES.find((trouble) => trouble === code)
  if (known === undefined || body.length !== 1 + code.length) throw new RemoteProtocolError(BAD, 'unknown trouble')
  return known
}

export function encodeViewer(message: ViewerMessage): Bytes {
  switch (message.type) {
    case 'ack': {
      const out = new Uint8Array(ACK_BYTES)
      out[0] = ScreenType.ACK
      viewOf(out).setUint32(1, message.frameId)
      viewOf(out).setUint16(5, Math.min(Math.max(Math.round(message.drawnMs), 0), 0xffff))
      return out
    }
    case 'caps':
      return concat(Uint8Array.of(ScreenType.CAPS), dumpJson({ decoders: message.decoders }))
    case 'refresh':
      return Uint8Array.of(ScreenType.REFRESH)
    case 'view':
      return concat(Uint8Array.of(ScreenType.VIEW), dumpJson({ capture: message.capture, cursor: message.cursor, quality: message.quality, colours: message.colours, monitor: message.monitor }))
    case 'pause':
      return Uint8Array.of(ScreenType.PAUSE, Number(message.paused))
  }
}

/** A message of the console, with its type byte. Throws RemoteProtocolError("BAD_SCREEN"). */
export function decodeViewer(body: Bytes): ViewerMessage {
  const kind = body[0]
  const view = viewOf(body)
  if (kind === ScreenType.ACK && body.length === ACK_BYTES) {
    return { type: 'ack', frameId: view.getUint32(1), drawnMs: view.getUint16(5) }
  }
  if (kind === ScreenType.CAPS) return { type: 'caps', ...loadObject(CAPS, body.subarray(1), BAD) }
  if (kind === ScreenType.REFRESH && body.length === 1) return { type: 'refresh' }
  if (kind === ScreenType.VIEW) return { type: 'view', ...loadObject(VIEW, body.subarray(1), BAD) }
  if (kind === ScreenType.PAUSE && body.length === 2 && (body[1] === 0 || body[1] === 1)) {
    return { type: 'pause', paused: body[1] === 1 }
  }
  throw new RemoteProtocolError(BAD, `message ${String(kind)}`)
}
