import { describe, expect, it } from 'vitest'
import { scaleOf, stepped } from './zoom'

const ROOM = { width: 1366, height: 600 }

describe('RC-FIT', () => {
  it('shows the whole picture', () => {
    expect(scaleOf('fit', { width: 1920, height: 1080 }, ROOM)).toBeCloseTo(600 / 1080)
  })

  it('does not enlarge a small picture', () => {
    expect(scaleOf('fit', { width: 640, height: 480 }, ROOM)).toBe(1)
  })

  it('is 1 before anything is known', () => {
    expect(scaleOf('fit', { width: 0, height: 0 }, ROOM)).toBe(1)
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
