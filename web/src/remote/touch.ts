/**
 * Fingers on the picture -> what a mouse would do there, and what the view does. No timer, no page: times are arguments.
 *
 *     tap                        left click where the finger is; a second one near it is a double click
 *     still for LONG_PRESS_MS    right click
 *     one finger moves           drag with the left button
 *     two fingers move           wheel: the content follows the fingers
 *     two fingers apart          the view's zoom; their middle moves a picture that is larger than the room
 *
 * Whatever else happens (a third finger, one that stays after the other has left) does nothing until all fingers are up.
 */

/** CSS pixels of the page. */
export interface Point {
  readonly x: number
  readonly y: number
}

export type TouchAction =
  | { readonly type: 'pointer'; readonly at: Point; readonly buttons: number }
  /** Deltas in CSS pixels, as in WheelEvent. */
  | { readonly type: 'wheel'; readonly at: Point; readonly deltaX: number; readonly deltaY: number }
  | { readonly type: 'pinch-begin' }
  /** `factor` since the beginning; the picture under `from` is to come under `to`. */
  | { readonly type: 'pinch'; readonly factor: number; readonly from: Point; readonly to: Point }
  | { readonly type: 'release' }

export const LONG_PRESS_MS = 500
/** A second tap within this time and distance is at the first one's place: remote systems allow a few pixels only. */
export const DOUBLE_TAP_MS = 400
export const DOUBLE_TAP_PX = 24
/** A finger that moves less than this is still. */
export const STILL_PX = 10
/** More change than this in the distance of two fingers is a pinch. */
export const PINCH_PX = 24

const NONE = 0
const LEFT = 1
const RIGHT = 2

/** `spent`: the gesture has done its work, fingers are still down. */
type State =
  | { readonly name: 'idle' | 'spent' }
  | { readonly name: 'pressing'; readonly start: Point; readonly until: number }
  | { readonly name: 'dragging' }
  | { readonly name: 'pair'; readonly middle: Point; readonly distance: number }
  | { readonly name: 'wheel'; readonly start: Point; readonly middle: Point }
  | { readonly name: 'pinch'; readonly middle: Point; readonly distance: number }

export class TouchGestures {
  private readonly fingers = new Map<number, Point>()
  private state: State = { name: 'idle' }
  private tapped: { at: Point; now: number } | null = null

  /** When `tick` has to be called; null for never. */
  get deadline(): number | null {
    return this.state.name === 'pressing' ? this.state.until : null
  }

  down(id: number, at: Point, now: number): TouchAction[] {
    const before = this.tick(now)
    const dragged = this.state.name === 'dragging' ? this.only() : null
    this.fingers.set(id, at)
    this.state = this.afterDown(at, now)
    return dragged === null ? before : [...before, { type: 'pointer', at: dragged, buttons: NONE }]
  }

  move(id: number, at: Point, now: number): TouchAction[] {
    if (!this.fingers.has(id)) return []
    const before = this.tick(now)
    this.fingers.set(id, at)
    return [...before, ...this.moved(at)]
  }

  up(id: number, at: Point, now: number): TouchAction[] {
    if (!this.fingers.has(id)) return []
    const before = this.move(id, at, now)
    this.fingers.delete(id)
    const { name } = this.state
    this.state = { name: this.fingers.size === 0 ? 'idle' : 'spent' }
    if (name === 'pressing') return [...before, ...this.tap(at, now)]
    if (name === 'dragging') return [...before, { type: 'pointer', at, buttons: NONE }]
    return before
  }

  /** The system took a finger for itself. */
  cancel(): TouchAction[] {
    this.reset()
    return [{ type: 'release' }]
  }

  /** A finger that stays still makes no event of its own. */
  tick(now: number): TouchAction[] {
    if (this.state.name !== 'pressing' || now < this.state.until) return []
    const at = this.state.start
    this.state = { name: 'spent' }
    return [
      { type: 'pointer', at, buttons: RIGHT },
      { type: 'pointer', at, buttons: NONE },
    ]
  }

  /** Fingers that are down now are not listened to any more. */
  reset(): void {
    this.fingers.clear()
    this.state = { name: 'idle' }
    this.tapped = null
  }

  private afterDown(at: Point, now: number): State {
    if (this.fingers.size === 1) return { name: 'pressing', start: at, until: now + LONG_PRESS_MS }
    const { name } = this.state
    if (this.fingers.size === 2 && (name === 'pressing' || name === 'dragging')) return { name: 'pair', ...this.span() }
    return { name: 'spent' }
  }

  private moved(at: Point): TouchAction[] {
    switch (this.state.name) {
      case 'pressing':
        return this.startDrag(at, this.state.start)
      case 'dragging':
        return [{ type: 'pointer', at, buttons: LEFT }]
      case 'pair':
        return this.decide(this.state)
      case 'wheel':
        return this.scroll(this.state)
      case 'pinch':
        return this.pinch(this.state)
      default:
        return []
    }
  }

  private startDrag(at: Point, start: Point): TouchAction[] {
    if (apart(at, start) < STILL_PX) return []
    this.state = { name: 'dragging' }
    return [
      { type: 'pointer', at: start, buttons: LEFT },
      { type: 'pointer', at, buttons: LEFT },
    ]
  }

  private decide(pair: { middle: Point; distance: number }): TouchAction[] {
    const now = this.span()
    if (Math.abs(now.distance - pair.distance) >= PINCH_PX) {
      this.state = { name: 'pinch', ...now }
      return [{ type: 'pinch-begin' }]
    }
    if (apart(now.middle, pair.middle) >= STILL_PX) this.state = { name: 'wheel', start: pair.middle, middle: now.middle }
    return []
  }

  /** All of it where the fingers began, so that one gesture scrolls one thing. */
  private scroll({ start, middle }: { start: Point; middle: Point }): TouchAction[] {
    const { middle: to } = this.span()
    this.state = { name: 'wheel', start, middle: to }
    return [{ type: 'wheel', at: start, deltaX: middle.x - to.x, deltaY: middle.y - to.y }]
  }

  private pinch({ middle, distance }: { middle: Point; distance: number }): TouchAction[] {
    const now = this.span()
    this.state = { name: 'pinch', middle: now.middle, distance }
    return [{ type: 'pinch', factor: now.distance / Math.max(distance, 1), from: middle, to: now.middle }]
  }

  private tap(at: Point, now: number): TouchAction[] {
    const first = this.tapped
    const again = first !== null && now - first.now <= DOUBLE_TAP_MS && apart(at, first.at) <= DOUBLE_TAP_PX
    const place = again ? first.at : at
    this.tapped = { at: place, now }
    return [
      { type: 'pointer', at: place, buttons: LEFT },
      { type: 'pointer', at: place, buttons: NONE },
    ]
  }

  private only(): Point | null {
    return [...this.fingers.values()][0] ?? null
  }

  private span(): { middle: Point; distance: number } {
    const [one = ORIGIN, other = one] = this.fingers.values()
    return { middle: { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 }, distance: apart(one, other) }
  }
}

const ORIGIN: Point = { x: 0, y: 0 }

function apart(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y)
}
