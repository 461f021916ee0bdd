/** The operator's pointer -> POINTER and WHEEL. Moves are joined to one per animation frame; buttons are never delayed. */

import { ALL_BUTTONS, type InputMessage } from '../protocol/input'

export interface PointerEventLike {
  readonly clientX: number
  readonly clientY: number
  readonly buttons: number
}

export interface WheelEventLike extends PointerEventLike {
  readonly deltaX: number
  readonly deltaY: number
  /** WheelEvent.deltaMode: 0 pixels, 1 lines, 2 pages. */
  readonly deltaMode: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

export interface Box extends Size {
  readonly left: number
  readonly top: number
}

/** Wheel units of one pixel, line and page: browsers scroll 100 pixels or 3 lines for a notch, which is 120 units. */
const UNITS = [1.2, 40, 360] as const
const MAX_UNITS = 32_767

/** Browsers keep CSS lengths in 1/64 or 1/60 pixel: where a whole device pixel is meant, this much may be missing. */
const ROUNDING = 1 / 32

/**
 * CSS coordinates of the page -> pixels of the picture, which is shown in `box`; what lies outside goes to the edge.
 * `ratio` is devicePixelRatio: the browser draws the box on whole device pixels, so the nearest ones are meant.
 */
export function toPicture(clientX: number, clientY: number, box: Box, picture: Size, ratio = 1): { x: number; y: number } {
  return {
    x: scaled(clientX * ratio, box.left * ratio, box.width * ratio, picture.width),
    y: scaled(clientY * ratio, box.top * ratio, box.height * ratio, picture.height),
  }
}

/** All in device pixels, but for `real`. */
function scaled(position: number, begin: number, length: number, real: number): number {
  const from = Math.round(begin)
  const shown = Math.round(begin + length) - from
  if (shown <= 0 || real <= 0) return 0
  return Math.min(Math.max(Math.floor(((position - from) * real) / shown + ROUNDING), 0), real - 1)
}

export interface PointerOptions {
  readonly send: (message: InputMessage) => void
  /** Where the picture is on the page, now. */
  readonly box: () => Box
  readonly picture: () => Size
  /** Device pixels of a CSS pixel, now. */
  readonly ratio: () => number
  readonly requestFrame: (callback: () => void) => number
  readonly cancelFrame: (handle: number) => void
}

export class PointerTracker {
  private waiting: PointerEventLike | null = null
  /** Where the pointer was last: wheel events have the same place without its fraction. */
  private last: PointerEventLike | null = null
  private wheel = { dx: 0, dy: 0 }
  private frame: number | null = null
  private buttons = 0
  /** Buttons that were down at a reset: the agent has let go of them, and only a new press counts. */
  private stale = 0

  constructor(private readonly options: PointerOptions) {}

  get pressed(): boolean {
    return this.buttons !== 0
  }

  /** Also a second button while a first one is down comes as a move. */
  move(event: PointerEventLike): void {
    this.take(event)
    if (this.fresh(event) !== this.buttons) this.flush()
    else this.schedule()
  }

  /** A button went down or up. */
  button(event: PointerEventLike): void {
    this.take(event)
    this.flush()
  }

  /** Every button that the event names was pressed just now. */
  press(event: PointerEventLike): void {
    this.stale = 0
    this.button(event)
  }

  scroll(event: WheelEventLike): void {
    const unit = UNITS[event.deltaMode] ?? UNITS[0]
    this.wheel.dx += event.deltaX * unit
    this.wheel.dy += event.deltaY * unit
    this.take(this.last !== null && sameButForFractions(this.last, event) ? { ...this.last, buttons: event.buttons } : event)
    this.schedule()
  }

  /** Forgets what is waiting and that buttons are down: one that still is must come up before it counts again. */
  reset(): void {
    if (this.frame !== null) this.options.cancelFrame(this.frame)
    this.frame = this.waiting = null
    this.wheel = { dx: 0, dy: 0 }
    this.stale |= this.buttons
    this.buttons = 0
  }

  private take(event: PointerEventLike): void {
    this.stale &= event.buttons
    this.waiting = this.last = event
  }

  private fresh(event: PointerEventLike): number {
    return event.buttons & ALL_BUTTONS & ~this.stale
  }

  private schedule(): void {
    this.frame ??= this.options.requestFrame(() => {
      this.frame = null
      this.flush()
    })
  }

  private flush(): void {
    const event = this.waiting
    const picture = this.options.picture()
    if (event === null || picture.width === 0) return
    this.waiting = null
    const place = toPicture(event.clientX, event.clientY, this.options.box(), picture, this.options.ratio())
    this.buttons = this.fresh(event)
    this.options.send({ type: 'pointer', ...place, buttons: this.buttons })
    this.flushWheel(place)
  }

  /** Fractions of a unit wait for the next event. */
  private flushWheel(place: { x: number; y: number }): void {
    const dx = whole(this.wheel.dx)
    const dy = whole(this.wheel.dy)
    if (dx === 0 && dy === 0) return
    this.wheel = { dx: this.wheel.dx - dx, dy: this.wheel.dy - dy }
    this.options.send({ type: 'wheel', ...place, dx, dy })
  }
}

function sameButForFractions(exact: PointerEventLike, event: PointerEventLike): boolean {
  return Math.floor(exact.clientX) === Math.floor(event.clientX) && Math.floor(exact.clientY) === Math.floor(event.clientY)
}

function whole(units: number): number {
  return Math.min(Math.max(Math.trunc(units), -MAX_UNITS), MAX_UNITS)
}
