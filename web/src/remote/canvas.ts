/** The surface on a real canvas: one of the page, or one that a worker owns. */

import type { Bytes } from '../protocol/bytes'
import type { Rect, VideoCodec } from '../protocol/screen'
import type { Surface } from './surface'
import { BrowserVideoStream, FramePicture } from './video'

export type CanvasPicture = ImageBitmap | FramePicture

export class CanvasSurface implements Surface<CanvasPicture> {
  private readonly context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D

  /** Throws Error when the browser gives no 2D context. */
  constructor(private readonly canvas: HTMLCanvasElement | OffscreenCanvas) {
    const context = canvas.getContext('2d', { alpha: false }) as typeof this.context | null
    if (context === null) throw new Error('no 2D context')
    this.context = context
  }

  resize(width: number, height: number): void {
    this.canvas.width = width
    this.canvas.height = height
    this.context.fillStyle = '#000'
    this.context.fillRect(0, 0, width, height)
  }

  putPixels(rect: Rect, rgba: Bytes): void {
    const pixels = new Uint8ClampedArray(rgba.buffer, rgba.byteOffset, rgba.length)
    this.context.putImageData(new ImageData(pixels, rect.w, rect.h), rect.x, rect.y)
  }

  drawPicture(rect: Rect, picture: CanvasPicture): void {
    this.context.drawImage(picture instanceof FramePicture ? picture.frame : picture, rect.x, rect.y)
  }

  copy({ x, y, w, h }: Rect, fromX: number, fromY: number): void {
    this.context.drawImage(this.canvas, fromX, fromY, w, h, x, y, w, h)
  }

  openVideo(codec: VideoCodec, width: number, height: number): BrowserVideoStream {
    return new BrowserVideoStream(codec, width, height)
  }

  size(): { width: number; height: number } {
    return { width: this.canvas.width, height: this.canvas.height }
  }

  source(): CanvasImageSource {
    return this.canvas
  }

  toPng(): Promise<Blob> {
    const { canvas } = this
    if ('convertToBlob' in canvas) return canvas.convertToBlob({ type: 'image/png' })
    return new Promise((resolve, reject) => {
      canvas.toBlob((blob) => {
        if (blob === null) reject(new Error('no PNG'))
        else resolve(blob)
      }, 'image/png')
    })
  }

  decodeJpeg(data: Bytes): Promise<ImageBitmap> {
    // The agent's pixels are meant as they are: no colour management, no rotation by EXIF.
    return createImageBitmap(new Blob([data], { type: 'image/jpeg' }), {
      colorSpaceConversion: 'none',
      imageOrientation: 'none',
      premultiplyAlpha: 'none',
    })
  }
}
