/**
 * Updates of an agent -> drawing steps. The agent is not trusted: every rectangle lies inside the picture and the work of one
 * update is bounded before any memory is asked for; the first violation is RemoteProtocolError("BAD_SCREEN").
 */

import type { Bytes } from '../protocol/bytes'
import { RemoteProtocolError } from '../protocol/errors'
import {
  MAX_CURSOR_SIDE, MAX_PIXELS, OpKind, decodeResizeData, decodeVideoData, decodeZstdData, type Monitors, type Op, type Rect,
  type Update, type VideoCodec,
} from '../protocol/screen'
import { jpegSize } from './jpeg'
import type { Picture, Surface } from './surface'
import type { VideoStream } from './video'
import { ZstdStream } from './zstd'

const BYTES_PER_PIXEL = 4
/** An update may bring by zstd, bring by JPEG, and move, as many pixels as two whole pictures each. */
const PICTURES_PER_UPDATE = 2
/** Rectangles of pixels in one update: each costs a call of the browser, however small it is. */
const MAX_RECTS = 4096

export interface Geometry extends Monitors {
  readonly width: number
  readonly height: number
}

/** Pixels of the remote picture. */
export interface Place {
  readonly x: number
  readonly y: number
}

/** Straight-alpha RGBA rows; a width of 0 means that the pointer is hidden. */
export interface CursorShape {
  readonly width: number
  readonly height: number
  /** The hot spot may lie outside of the shape. */
  readonly hotX: number
  readonly hotY: number
  readonly rgba: Bytes
}

export type Step<P extends Picture> =
  | ({ readonly type: 'resize' } & Geometry)
  | { readonly type: 'copy'; readonly rect: Rect; readonly fromX: number; readonly fromY: number }
  | { readonly type: 'pixels'; readonly rect: Rect; readonly rgba: Bytes }
  | { readonly type: 'picture'; readonly rect: Rect; readonly picture: P }
  | { readonly type: 'cursor'; readonly shape: CursorShape }
  | { readonly type: 'pointer'; readonly x: number; readonly y: number }

function refuse(detail: string): never {
  throw new RemoteProtocolError('BAD_SCREEN', detail)
}

/** How much one update may still bring and move, in pixels. */
interface Budget {
  zstd: number
  jpeg: number
  moved: number
  resizes: number
  videos: number
  rects: number
}

/** A stream of video pictures, all for one rectangle. */
interface Film<P extends Picture> {
  readonly id: number
  readonly codec: string
  readonly rect: Rect
  readonly stream: VideoStream<P>
}

/** The state of one link's picture. Updates are decoded one after another; `close` when there are no more. */
export class UpdateDecoder<P extends Picture> {
  private width = 0
  private height = 0
  private stream = new ZstdStream()
  private film: Film<P> | null = null
  private closed = false

  constructor(private readonly surface: Pick<Surface<P>, 'decodeJpeg' | 'openVideo'>) {}

  close(): void {
    this.closed = true
    this.endFilm()
  }

  /** All steps of the update, in order. Pictures in them belong to the caller, who closes them. */
  async decode(update: Update): Promise<Step<P>[]> {
    const budget: Budget = { zstd: 0, jpeg: 0, moved: 0, resizes: 1, videos: 1, rects: MAX_RECTS }
    this.refill(budget)
    const pending: Promise<Step<P>>[] = []
    try {
      for (const op of update.ops) pending.push(...this.begin(op, budget))
    } catch (problem) {
      await discard(pending)
      throw problem
    }
    const results = await Promise.allSettled(pending)
    const failed = results.find((result) => result.status === 'rejected')
    if (failed === undefined) return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    await discard(pending)
    throw failed.reason
  }

  private refill(budget: Budget): void {
    budget.zstd = budget.jpeg = budget.moved = PICTURES_PER_UPDATE * this.width * this.height
  }

  private begin(op: Op, budget: Budget): Promise<Step<P>>[] {
    switch (op.kind) {
      case OpKind.RESIZE:
        return [Promise.resolve(this.resize(op, budget))]
      case OpKind.ZRESET:
        this.stream = new ZstdStream()
        return []
      case OpKind.COPY:
        return [Promise.resolve(this.copy(op, budget))]
      case OpKind.ZSTD:
        return this.pixels(op, budget).map((step) => Promise.resolve(step))
      case OpKind.JPEG:
        return [this.jpeg(op, budget)]
      case OpKind.VIDEO:
        return [this.video(op, budget)]
      case OpKind.CURSOR:
        return [Promise.resolve(cursor(op))]
      case OpKind.CURPOS:
        return [Promise.resolve({ type: 'pointer', x: op.x, y: op.y })]
    }
  }

  private resize(op: Op, budget: Budget): Step<P> {
    if (op.w === 0 || op.h === 0 || op.w * op.h > MAX_PIXELS) refuse(`picture of ${op.w} x ${op.h}`)
    if (budget.resizes === 0) refuse('more than one RESIZE')
    const monitors = decodeResizeData(op.data)
    this.width = op.w
    this.height = op.h
    this.refill(budget)
    budget.resizes -= 1
    this.endFilm()
    return { type: 'resize', width: op.w, height: op.h, ...monitors }
  }

  private copy(op: Op, budget: Budget): Step<P> {
    const rect = this.inside(op)
    this.inside({ ...rect, x: op.a, y: op.b })
    this.spend(rect, budget, 'moved')
    return { type: 'copy', rect, fromX: op.a, fromY: op.b }
  }

  private pixels(op: Op, budget: Budget): Step<P>[] {
    const { rects, chunk } = decodeZstdData(op.data)
    budget.rects -= rects.length
    if (budget.rects < 0) refuse('too many rectangles')
    const sizes = rects.map((rect) => this.spend(rect, budget, 'zstd') * BYTES_PER_PIXEL)
    const all = this.stream.decode(chunk, sizes.reduce((sum, size) => sum + size, 0))
    toRgba(all)
    let at = 0
    return rects.map((rect, i) => {
      const rgba = all.subarray(at, (at += sizes[i] ?? 0))
      return { type: 'pixels', rect, rgba }
    })
  }

  private async jpeg(op: Op, budget: Budget): Promise<Step<P>> {
    const rect = this.inside(op)
    this.spend(rect, budget, 'jpeg')
    const size = jpegSize(op.data)
    if (size?.width !== rect.w || size.height !== rect.h) refuse('JPEG of another size')
    const picture = await this.surface.decodeJpeg(op.data).catch(() => refuse('JPEG cannot be decoded'))
    return { type: 'picture', rect, picture }
  }

  private async video(op: Op, budget: Budget): Promise<Step<P>> {
    const rect = this.inside(op)
    this.spend(rect, budget, 'jpeg')
    if (budget.videos === 0 || rect.w % 2 !== 0 || rect.h % 2 !== 0) refuse('video')
    budget.videos -= 1
    const { codec, picture } = decodeVideoData(op.data)
    const film = op.a === 1 ? this.beginFilm(op.b, codec, rect) : this.film
    if (film === null || film.id !== op.b || film.codec !== codec || !isSame(film.rect, rect)) refuse('video without its beginning')
    const shown = await film.stream.decode(picture, op.a === 1).catch(() => refuse('video cannot be decoded'))
    return { type: 'picture', rect, picture: shown }
  }

  /** A key frame of the stream that is under way goes on with it. */
  private beginFilm(id: number, codec: VideoCodec, rect: Rect): Film<P> {
    const { film } = this
    if (film !== null && film.id === id && film.codec === codec && isSame(film.rect, rect)) return film
    this.endFilm()
    if (this.closed) refuse('closed')
    try {
      this.film = { id, codec, rect, stream: this.surface.openVideo(codec, rect.w, rect.h) }
    } catch {
      refuse(`no decoder for ${codec}`)
    }
    return this.film
  }

  private endFilm(): void {
    this.film?.stream.close()
    this.film = null
  }

  /** Pixels of the rectangle. */
  private spend(rect: Rect, budget: Budget, what: 'zstd' | 'jpeg' | 'moved'): number {
    const { w, h } = this.inside(rect)
    budget[what] -= w * h
    if (budget[what] < 0) refuse(`too many pixels: ${what}`)
    return w * h
  }

  private inside({ x, y, w, h }: Rect): Rect {
    const fits = w > 0 && h > 0 && x >= 0 && y >= 0 && x + w <= this.width && y + h <= this.height
    if (!fits) refuse('rectangle outside of the picture')
    return { x, y, w, h }
  }
}

function isSame(a: Rect, b: Rect): boolean {
  return a.x === b.x && a.y === b.y && a.w === b.w && a.h === b.h
}

/** BGRX -> RGBA in place. `pixels` begins on a multiple of four bytes. */
function toRgba(pixels: Bytes): void {
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length / BYTES_PER_PIXEL)
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? 0
    words[i] = 0xff000000 | ((word & 0xff) << 16) | (word & 0xff00) | ((word >>> 16) & 0xff)
  }
}

function cursor(op: Op): { type: 'cursor'; shape: CursorShape } {
  const { w, h, a, b, data } = op
  if (w > MAX_CURSOR_SIDE || h > MAX_CURSOR_SIDE || data.length !== w * h * BYTES_PER_PIXEL) refuse('pointer shape')
  const hidden = data.length === 0
  return { type: 'cursor', shape: { width: hidden ? 0 : w, height: hidden ? 0 : h, hotX: a, hotY: b, rgba: data.slice() } }
}

/** Free the pictures of an update that will not be drawn. */
async function discard<P extends Picture>(pending: readonly Promise<Step<P>>[]): Promise<void> {
  for (const result of await Promise.allSettled(pending)) {
    if (result.status === 'fulfilled' && result.value.type === 'picture') result.value.picture.close()
  }
}

/** Steps that change pixels go to the surface; the others are the caller's. Closes every picture. */
export function draw<P extends Picture>(surface: Surface<P>, step: Step<P>): void {
  switch (step.type) {
    case 'resize':
      surface.resize(step.width, step.height)
      return
    case 'copy':
      surface.copy(step.rect, step.fromX, step.fromY)
      return
    case 'pixels':
      surface.putPixels(step.rect, step.rgba)
      return
    case 'picture':
      surface.drawPicture(step.rect, step.picture)
      step.picture.close()
      return
    case 'cursor':
    case 'pointer':
  }
}
