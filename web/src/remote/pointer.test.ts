/** Where the pointer is in the picture, and how often the agent hears of it. */

import { beforeEach, describe, expect, it } from 'vitest'
import { MAX_TEXT_BYTES, type InputMessage } from '../protocol/input'
import { cssCursor } from './cursor'
import { textChunks } from './input'
import { PointerTracker, toPicture, type PointerEventLike, type WheelEventLike } from './pointer'

const BOX = { left: 10, top: 20, width: 960, height: 540 }
const PICTURE = { width: 1920, height: 1080 }

describe('toPicture', () => {
  it.each([
    [10, 20, 0, 0], [10.4, 20.6, 0, 1], [490, 290, 960, 540], [969.9, 559.9, 1919, 1079],
    [-50, 5000, 0, 1079], [970, 560, 1919, 1079],
  ])('(%d, %d) of the page is (%d, %d) of the picture', (x, y, px, py) => {
    expect(toPicture(x, y, BOX, PICTURE)).toEqual({ x: px, y: py })
  })

  it.each([1, 1.25, 1.5, 2])('hits every pixel of a picture shown one to one at ratio %d, wherever the box begins', (ratio) => {
    const picture = { width: 1280, height: 800 }
    for (const left of [0, 1 / 3, 42.7]) {
      // A browser keeps lengths in 1/64 of a device pixel and draws on the nearest whole ones.
      const cut = (css: number): number => Math.floor(css * ratio * 64) / 64 / ratio
      const box = { left: cut(left), top: 0, width: cut(1280 / ratio), height: 800 / ratio }
      const drawn = Math.round(box.left * ratio)
      for (let x = 0; x < 1280; x += 1) {
        const clientX = Math.fround((drawn + x) / ratio)
        expect(toPicture(clientX, 0, box, picture, ratio).x).toBe(x)
      }
    }
  })

  it('survives a picture that is not shown', () => {
    expect(toPicture(5, 5, { left: 0, top: 0, width: 0, height: 0 }, PICTURE)).toEqual({ x: 0, y: 0 })
  })
})

describe('PointerTracker', () => {
  let sent: InputMessage[]
  let frames: (() => void)[]
  let pointer: PointerTracker

  beforeEach(() => {
    sent = []
    frames = []
    pointer = new PointerTracker({
      send: (message) => sent.push(message),
      box: () => BOX,
      picture: () => PICTURE,
      ratio: () => 1,
      requestFrame: (callback) => frames.push(callback),
      cancelFrame: () => void frames.splice(0),
    })
  })

  const at = (x: number, y: number, buttons = 0): PointerEventLike => ({ clientX: 10 + x / 2, clientY: 20 + y / 2, buttons })
  const wheel = (deltaX: number, deltaY: number, deltaMode = 0): WheelEventLike => ({ ...at(2, 4), deltaX, deltaY, deltaMode })
  const frame = (): void => {
    for (const callback of frames.splice(0)) callback()
  }

  it('joins moves to one per animation frame', () => {
    pointer.move(at(2, 2))
    pointer.move(at(4, 4))
    expect([sent, frames.length]).toEqual([[], 1])
    frame()
    expect(sent).toEqual([{ type: 'pointer', x: 4, y: 4, buttons: 0 }])
  })

  it('sends buttons at once, also a second one that comes as a move', () => {
    pointer.button(at(2, 2, 1))
    pointer.move(at(2, 2, 3))
    pointer.button(at(2, 2, 0))
    expect(sent.map((m) => (m.type === 'pointer' ? m.buttons : m))).toEqual([1, 3, 0])
  })

  it('cuts buttons that the wire does not know', () => {
    pointer.button(at(0, 0, 0b1111111))
    expect(sent).toEqual([{ type: 'pointer', x: 0, y: 0, buttons: 31 }])
  })

  it.each([[0, 100, 120], [1, 3, 120], [2, 1, 360], [0, -100, -120]])('a wheel of mode %d and %d becomes %d units', (mode, delta, units) => {
    pointer.scroll(wheel(0, delta, mode))
    frame()
    expect(sent.at(-1)).toEqual({ type: 'wheel', x: 2, y: 4, dx: 0, dy: units })
  })

  it('a wheel event without fractions does not move the pointer', () => {
    pointer.move({ clientX: 10.75, clientY: 20.75, buttons: 0 })
    pointer.scroll({ clientX: 10, clientY: 20, buttons: 0, deltaX: 0, deltaY: 100, deltaMode: 0 })
    frame()
    expect(sent).toEqual([{ type: 'pointer', x: 1, y: 1, buttons: 0 }, { type: 'wheel', x: 1, y: 1, dx: 0, dy: 120 }])
  })

  it('a button that was down at a reset counts again after it came up', () => {
    pointer.press(at(0, 0, 1))
    pointer.reset()
    pointer.move(at(2, 2, 1))
    pointer.move(at(2, 2, 3))
    frame()
    pointer.button(at(2, 2, 0))
    pointer.press(at(2, 2, 1))
    expect(sent.map((m) => (m.type === 'pointer' ? m.buttons : m))).toEqual([1, 2, 0, 1])
  })

  it('adds up fractions of a unit', () => {
    const HALF_A_UNIT = 1 / 80
    for (let i = 0; i < 4; i += 1) {
      pointer.scroll(wheel(0, HALF_A_UNIT, 1))
      frame()
    }
    const units = sent.flatMap((m) => (m.type === 'wheel' ? [m.dy] : []))
    expect(units).toEqual([1, 1])
  })

  it('sends nothing that waited before a reset', () => {
    pointer.button(at(0, 0, 1))
    pointer.move(at(9, 9, 1))
    expect(pointer.pressed).toBe(true)
    pointer.reset()
    frame()
    expect([sent.length, pointer.pressed]).toEqual([1, false])
  })
})

describe('textChunks', () => {
  it('keeps every message within its size and never cuts a character', () => {
    const text = '가😀'.repeat(2000)
    const chunks = textChunks(text)
    expect(chunks.join('')).toBe(text)
    for (const chunk of chunks) expect(new TextEncoder().encode(chunk).length).toBeLessThanOrEqual(MAX_TEXT_BYTES)
    expect(textChunks('a'.repeat(4096))).toHaveLength(1)
    expect(textChunks('a'.repeat(4097))).toHaveLength(2)
  })

  it('has one kind of line end, and nothing for nothing', () => {
    expect(textChunks('a\r\nb\rc')).toEqual(['a\nb\nc'])
    expect(textChunks('')).toEqual([])
  })
})

describe('cssCursor', () => {
  const shape = (side: number, hotX = 0, hotY = 0): Parameters<typeof cssCursor>[0] => ({
    width: side, height: side, hotX, hotY, rgba: new Uint8Array(4 * side * side),
  })
  const image = (): string => 'blob:x'

  it('draws shapes up to 128 pixels, with the hot spot inside', () => {
    expect(cssCursor(shape(128, 3, 4), image)).toBe('url("blob:x") 3 4, default')
    expect(cssCursor(shape(8, -3, 40), image)).toBe('url("blob:x") 0 7, default')
  })

  it('hides, and falls back to the arrow', () => {
    expect(cssCursor(shape(0), image)).toBe('none')
    expect(cssCursor(shape(129), image)).toBe('default')
    expect(cssCursor(shape(8), () => null)).toBe('default')
  })
})
