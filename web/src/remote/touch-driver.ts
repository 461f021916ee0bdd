/** Pointer events of fingers -> gestures -> the pointer of the agent and the view. Holds the timer of the long press. */

import type { PointerTracker } from './pointer'
import { TouchGestures, type Point, type TouchAction } from './touch'

/** What fingers do to the view itself; all in CSS pixels of the page. */
export interface ViewGestures {
  pinchBegin(): void
  /** `factor` since the beginning; the picture under `from` is to come under `to`. */
  pinch(factor: number, from: Point, to: Point): void
}

/** The part of PointerEvent that is used. */
export interface FingerEvent {
  readonly type: string
  readonly pointerId: number
  readonly clientX: number
  readonly clientY: number
}

export interface TouchOptions {
  readonly pointer: PointerTracker
  readonly view: () => ViewGestures | null
  /** Everything comes up at the agent. */
  readonly release: () => void
  /** Milliseconds that only go forward. */
  readonly clock: () => number
}

export class TouchDriver {
  private readonly gestures = new TouchGestures()
  private buttons = 0
  private timer: ReturnType<typeof setTimeout> | null = null

  constructor(private readonly options: TouchOptions) {}

  /** pointerdown, pointermove, pointerup or pointercancel of one finger. */
  handle(event: FingerEvent): void {
    const at = { x: event.clientX, y: event.clientY }
    const now = this.options.clock()
    const { gestures } = this
    if (event.type === 'pointerdown') this.perform(gestures.down(event.pointerId, at, now))
    else if (event.type === 'pointermove') this.perform(gestures.move(event.pointerId, at, now))
    else if (event.type === 'pointerup') this.perform(gestures.up(event.pointerId, at, now))
    else if (event.type === 'pointercancel') this.perform(gestures.cancel())
    this.setTimer()
  }

  reset(): void {
    this.gestures.reset()
    this.buttons = 0
    this.setTimer()
  }

  private setTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    const { deadline } = this.gestures
    this.timer = deadline === null ? null : setTimeout(() => { this.timeIsUp() }, Math.max(deadline - this.options.clock(), 0))
  }

  private timeIsUp(): void {
    this.perform(this.gestures.tick(this.options.clock()))
    this.setTimer()
  }

  private perform(actions: readonly TouchAction[]): void {
    for (const action of actions) this.act(action)
  }

  private act(action: TouchAction): void {
    switch (action.type) {
      case 'pointer':
        this.point({ clientX: action.at.x, clientY: action.at.y, buttons: action.buttons })
        return
      case 'wheel': {
        const { at, deltaX, deltaY } = action
        this.options.pointer.scroll({ clientX: at.x, clientY: at.y, buttons: 0, deltaX, deltaY, deltaMode: 0 })
        return
      }
      case 'pinch-begin':
        this.options.view()?.pinchBegin()
        return
      case 'pinch':
        this.options.view()?.pinch(action.factor, action.from, action.to)
        return
      case 'release':
        this.options.release()
    }
  }

  private point(event: { clientX: number; clientY: number; buttons: number }): void {
    const pressed = event.buttons !== 0 && this.buttons === 0
    this.buttons = event.buttons
    if (pressed) this.options.pointer.press(event)
    else this.options.pointer.move(event)
  }
}
