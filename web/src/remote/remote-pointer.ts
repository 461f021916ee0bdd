/** Where the remote pointer is when it is not the operator who moves it: what the customer points at. */

import type { Place } from './decoder'
import { shapeImage } from './cursor'
import type { CursorShape } from './decoder'

/** A picture of the pointer for the page; x and y are pixels of the remote screen, under the hot spot. */
export interface PointerMark extends Place {
  readonly image: string
  readonly hotX: number
  readonly hotY: number
  readonly width: number
}

/** Within this time after the operator's own move the remote pointer is still on its way to follow it. */
export const ECHO_MS = 700
/** Nearer than this to the operator's own place it is the same pointer: screens and programs round and snap. */
const SAME_PX = 8

export class RemotePointer {
  private place: Place | null = null
  private own: Place | null = null
  private ownAt = Number.NEGATIVE_INFINITY
  private shown: { image: string; hotX: number; hotY: number; width: number } | null = null

  constructor(
    private readonly clock: () => number,
    private readonly makeImage: (shape: CursorShape) => string | null = shapeImage,
  ) {}

  /** The agent says where the pointer is. */
  moved(place: Place): void {
    this.place = place
  }

  /** The operator sent the pointer there. */
  sent(place: Place): void {
    this.own = place
    this.ownAt = this.clock()
  }

  shaped(shape: CursorShape): void {
    const image = shape.width === 0 ? null : this.makeImage(shape)
    this.shown = image === null ? null : { image, hotX: shape.hotX, hotY: shape.hotY, width: shape.width }
  }

  /** What to draw now; null while the operator's own pointer shows the same place, or the remote one is hidden. */
  mark(): PointerMark | null {
    if (this.place === null || this.shown === null || this.clock() - this.ownAt < ECHO_MS) return null
    if (this.own !== null && near(this.place, this.own)) return null
    return { ...this.place, ...this.shown }
  }
}

function near(one: Place, other: Place): boolean {
  return Math.abs(one.x - other.x) < SAME_PX && Math.abs(one.y - other.y) < SAME_PX
}
