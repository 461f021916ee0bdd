/** Where pictures are drawn. The backing store always has the remote screen's pixels, one to one; scaling is CSS of the page. */

import type { Bytes } from '../protocol/bytes'
import type { Rect, VideoCodec } from '../protocol/screen'
import type { VideoStream } from './video'

/** A decoded picture that still holds memory of the browser until it is closed. */
export interface Picture {
  readonly width: number
  readonly height: number
  close(): void
}

/** Coordinates are inside the picture; callers have checked them. */
export interface Surface<P extends Picture = Picture> {
  /** A new picture, all black. */
  resize(width: number, height: number): void
  /** Row by row RGBA, alpha 255; `rect.w * rect.h * 4` bytes. */
  putPixels(rect: Rect, rgba: Bytes): void
  drawPicture(rect: Rect, picture: P): void
  /** The rectangle at (fromX, fromY) of the picture so far goes to `rect`; they may overlap. */
  copy(rect: Rect, fromX: number, fromY: number): void
  /** JPEG -> picture; rejects if the browser cannot decode it. */
  decodeJpeg(data: Bytes): Promise<P>
  /** Throws if the browser has no such decoder. */
  openVideo(codec: VideoCodec, width: number, height: number): VideoStream<P>
  size(): { readonly width: number; readonly height: number }
  /** The picture as it is now, to be drawn elsewhere at once. */
  source(): CanvasImageSource
  /** The picture as it is now, every pixel exact; rejects if the browser cannot. */
  toPng(): Promise<Blob>
}
