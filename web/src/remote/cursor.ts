/** The remote pointer's shape as the local CSS cursor: it follows the operator's hand without the network's delay. */

import type { CursorShape } from './decoder'

/** Browsers ignore larger images, and Chromium those that would reach out of the page above 32 pixels. */
export const MAX_CSS_SIDE = 128

/** Turns RGBA rows into an address that `cursor: url()` takes; null if the browser gives no canvas context. */
export type MakeImage = (shape: CursorShape) => string | null

/** The value for the CSS property `cursor`. Shapes that are too large for it become the usual arrow. */
export function cssCursor(shape: CursorShape, makeImage: MakeImage = shapeImage): string {
  if (shape.width === 0) return 'none'
  if (shape.width > MAX_CSS_SIDE || shape.height > MAX_CSS_SIDE) return 'default'
  const image = makeImage(shape)
  if (image === null) return 'default'
  return `url("${image}") ${clamp(shape.hotX, shape.width)} ${clamp(shape.hotY, shape.height)}, default`
}

function clamp(value: number, side: number): number {
  return Math.min(Math.max(value, 0), side - 1)
}

/** The shape as the address of a picture; null if the browser gives no canvas context. */
export function shapeImage({ width, height, rgba }: CursorShape): string | null {
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')
  if (context === null) return null
  context.putImageData(new ImageData(new Uint8ClampedArray(rgba.buffer, rgba.byteOffset, rgba.length), width, height), 0, 0)
  return canvas.toDataURL()
}
