import { describe, expect, it } from 'vitest'
import { cssSize, pinched, placeIn, scaleOf, stepped, wholePixels } from './zoom'

const ROOM = { width: 1366, height: 600 }

describe('RC-FIT', () => {
  it('shows the whole picture', () => {
    expect(scaleOf('fit', { width: 1920, height: 1080 }, ROOM, 1)).toBeCloseTo(600 / 1080)
  })

  it('does not enlarge a small picture', () => {
    expect(scaleOf('fit', { width: 640, height: 480 }, ROOM, 1)).toBe(1)
  })

  it('is 1 before anything is known', () => {
    expect(scaleOf('fit', { width: 0, height: 0 }, ROOM, 1)).toBe(1)
  })
})

describe('one remote pixel is one device pixel', () => {
  const LAYOUT_UNITS = [64, 60] // of one pixel, in Chromium (of a device pixel) and Firefox (of a CSS pixel)

  it.each([1, 1.1, 1.25, 1.5, 1.75, 2, 3])('at 100 %% and ratio %d, also after the browser has cut the length', (ratio) => {
    for (const width of [1024, 1280, 1281, 1366, 1919, 1920, 2560, 3839]) {
      const css = cssSize({ width, height: width }, scaleOf(100, { width, height: width }, ROOM, ratio), ratio)
      const [device = 0, page = 0] = LAYOUT_UNITS
      expect(Math.floor(css.width * ratio * device) / device).toBe(width)
      expect(Math.round((Math.round(css.width * page) / page) * ratio)).toBe(width)
    }
  })

  it('"fit" uses the device pixels that the room has, never more than the picture', () => {
    expect(scaleOf('fit', { width: 1920, height: 1080 }, ROOM, 1.5)).toBeCloseTo(900 / 1080)
    expect(scaleOf('fit', { width: 1920, height: 1080 }, ROOM, 2)).toBe(1)
  })

  it('"fit" never reaches out of the room', () => {
    for (const ratio of [1, 1.25, 1.5, 2]) {
      const picture = { width: 3840, height: 2160 }
      const css = cssSize(picture, scaleOf('fit', picture, ROOM, ratio), ratio)
      expect(Math.floor(css.height * ratio * 64) / 64).toBeLessThanOrEqual(ROOM.height * ratio)
    }
  })
})

describe('the middle', () => {
  it.each([
    [875, 640, 117],
    [640, 640, 0],
    [600, 640, 0],
    [900, 640.005, 129],
  ])('of %d for %d begins at %d', (length, used, space) => {
    const room = { left: 0, top: 0.25, width: length, height: length }
    expect(placeIn(room, { width: used, height: used })).toEqual({ left: space, top: space + 0.25 })
  })

  it('begins and ends on whole CSS pixels, wherever the box is', () => {
    expect(wholePixels({ left: 0, top: 195.375, width: 875, height: 419.5 })).toEqual({ left: 0, top: 0.625, width: 875, height: 418 })
    expect(wholePixels({ left: 0.5, top: 0.5, width: 0.25, height: 0 })).toEqual({ left: 0.5, top: 0.5, width: 0, height: 0 })
  })
})

describe('pinch', () => {
  it.each([
    [0.6, 1.5, 0.4, 90],
    [0.6, 3, 0.4, 100],
    [0.6, 0.9, 0.4, 54],
    [0.6, 0.7, 0.4, 'fit'],
    [1, 0.6, 0.7, 'fit'],
    [1, 1.5, 1, 'fit'],
  ] as const)('from scale %d by %d where all fits at %d: %s', (scale, factor, fit, zoom) => {
    expect(pinched(scale, factor, fit)).toBe(zoom)
  })
})

describe('RC-ZOOM', () => {
  it.each([
    [1, 1, 100],
    [0.95, 1, 100],
    [0.9, 1, 100],
    [0.9, -1, 80],
    [0.73, 1, 80],
    [0.73, -1, 70],
    [0.5, -1, 50],
    [0.31, 1, 50],
  ] as const)('from %d in direction %d to %d percent', (scale, direction, percent) => {
    expect(stepped(scale, direction)).toBe(percent)
  })
})
