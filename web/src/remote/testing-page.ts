/** As much of a page as InputController touches: elements that bubble nowhere, a focus, frames and a random generator. */

import { setMaxListeners } from 'node:events'
import { vi } from 'vitest'

// A view listens to more kinds of events than Node thinks likely.
setMaxListeners(0)

/** 0 <= number < 1, the same for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export class FakeElement extends EventTarget {
  readonly style = { setProperty: (): void => undefined }
  value = ''
  private readonly children = new Set<FakeElement>()

  constructor(private readonly page: FakePage) {
    super()
  }

  append(child: FakeElement): void {
    this.children.add(child)
  }

  remove(): void {
    this.page.stage.children.delete(this)
    if (this.page.activeElement === this) this.page.activeElement = this.page.elsewhere
  }

  contains(other: unknown): boolean {
    return other === this || this.children.has(other as FakeElement)
  }

  focus(): void {
    this.page.moveFocus(this)
  }

  getBoundingClientRect(): { left: number; top: number; width: number; height: number } {
    return { left: 0, top: 0, width: 640, height: 400 }
  }

  setAttribute(): void {
    // Names for screen readers do not matter here.
  }

  getAttribute(): null {
    return null
  }

  setPointerCapture(): void {
    // Every event of the test goes to the stage anyway.
  }
}

/** Also plays `document`. */
export class FakePage extends EventTarget {
  readonly window = Object.assign(new EventTarget(), { devicePixelRatio: 2 })
  readonly stage = new FakeElement(this)
  readonly elsewhere = new FakeElement(this)
  field: FakeElement | null = null
  activeElement: FakeElement = this.elsewhere
  visibilityState = 'visible'
  private readonly frames = new Map<number, () => void>()
  private handle = 0

  /** To be followed by vi.unstubAllGlobals. */
  install(): void {
    vi.stubGlobal('document', this)
    vi.stubGlobal('window', this.window)
    vi.stubGlobal('requestAnimationFrame', (callback: () => void) => {
      this.handle += 1
      this.frames.set(this.handle, callback)
      return this.handle
    })
    vi.stubGlobal('cancelAnimationFrame', (handle: number) => this.frames.delete(handle))
  }

  createElement(): FakeElement {
    this.field = new FakeElement(this)
    return this.field
  }

  moveFocus(to: FakeElement): void {
    const from = this.activeElement
    if (from === to) return
    this.activeElement = to
    if (this.stage.contains(from)) this.stage.dispatchEvent(event('focusout', { relatedTarget: to }))
    to.dispatchEvent(event('focus', {}))
  }

  frame(): void {
    const waiting = [...this.frames.values()]
    this.frames.clear()
    for (const callback of waiting) callback()
  }
}

/** An event with these properties; also those that Event has itself, such as timeStamp. */
export function event(type: string, properties: Record<string, unknown>): Event {
  const made = new Event(type, { cancelable: true })
  for (const [name, value] of Object.entries(properties)) Object.defineProperty(made, name, { value })
  return made
}
