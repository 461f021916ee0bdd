/** Fingers -> clicks, drags, wheel and zoom. Times are given, nothing is waited for. */

import { beforeEach, describe, expect, it } from 'vitest'
import { LONG_PRESS_MS, TouchGestures, type Point, type TouchAction } from './touch'

const HERE: Point = { x: 100, y: 100 }
const by = (x: number, y = 0): Point => ({ x: HERE.x + x, y: HERE.y + y })
const pointer = (at: Point, buttons: number): TouchAction => ({ type: 'pointer', at, buttons })
const click = (at: Point, button: number): TouchAction[] => [pointer(at, button), pointer(at, 0)]

let touch: TouchGestures
beforeEach(() => {
  touch = new TouchGestures()
})

describe('one finger', () => {
  it('a tap is a click, and says nothing before the finger is up', () => {
    expect(touch.down(1, HERE, 0)).toEqual([])
    expect(touch.move(1, by(3), 20)).toEqual([])
    expect(touch.up(1, by(3), 80)).toEqual(click(by(3), 1))
    expect(touch.deadline).toBeNull()
  })

  it('a second tap near the first one is at its very place', () => {
    touch.down(1, HERE, 0)
    touch.up(1, HERE, 50)
    touch.down(2, by(15), 150)
    expect(touch.up(2, by(15), 200)).toEqual(click(HERE, 1))
    touch.down(3, by(15), 2000)
    expect(touch.up(3, by(15), 2050)).toEqual(click(by(15), 1))
  })

  it('held still it is a right click at the deadline, and nothing more', () => {
    touch.down(1, HERE, 7)
    expect(touch.deadline).toBe(7 + LONG_PRESS_MS)
    expect(touch.tick(6 + LONG_PRESS_MS)).toEqual([])
    expect(touch.tick(7 + LONG_PRESS_MS)).toEqual(click(HERE, 2))
    expect([touch.move(1, by(90), 900), touch.up(1, by(90), 950)]).toEqual([[], []])
  })

  it('a late timer makes no tap of a long press', () => {
    touch.down(1, HERE, 0)
    expect(touch.up(1, HERE, LONG_PRESS_MS)).toEqual(click(HERE, 2))
  })

  it('a drag begins where the finger came down', () => {
    touch.down(1, HERE, 0)
    expect(touch.move(1, by(12), 30)).toEqual([pointer(HERE, 1), pointer(by(12), 1)])
    expect(touch.move(1, by(20), 900)).toEqual([pointer(by(20), 1)])
    expect(touch.up(1, by(21), 950)).toEqual([pointer(by(21), 1), pointer(by(21), 0)])
  })
})

describe('two fingers', () => {
  const pair = (): void => {
    touch.down(1, HERE, 0)
    touch.down(2, by(100), 10)
  }

  it('moved together they turn the wheel where they began, and the content follows them', () => {
    pair()
    touch.move(1, by(0, -30), 20)
    const turned = touch.move(2, by(100, -40), 20)
    expect(turned).toEqual([{ type: 'wheel', at: by(50), deltaX: 0, deltaY: 20 }])
    expect(touch.move(1, by(0, -40), 30)).toEqual([{ type: 'wheel', at: by(50), deltaX: 0, deltaY: 5 }])
  })

  it('apart they zoom from the distance at the beginning, and their middle moves the view', () => {
    pair()
    expect(touch.move(2, by(150), 20)).toEqual([{ type: 'pinch-begin' }])
    expect(touch.move(2, by(300), 30)).toEqual([{ type: 'pinch', factor: 2, from: by(75), to: by(150) }])
    expect(touch.move(2, by(75), 30)).toEqual([{ type: 'pinch', factor: 0.5, from: by(150), to: by(37.5) }])
  })

  it('do not click, and the one that stays does nothing', () => {
    pair()
    expect([touch.up(1, HERE, 40), touch.move(2, by(10), 50), touch.up(2, by(10), 60)]).toEqual([[], [], []])
    touch.down(3, HERE, 5000)
    expect(touch.up(3, HERE, 5050)).toEqual(click(HERE, 1))
  })

  it('the second one ends a drag of the first', () => {
    touch.down(1, HERE, 0)
    touch.move(1, by(20), 10)
    expect(touch.down(2, by(90), 20)).toEqual([pointer(by(20), 0)])
  })

  it('a third finger ends the gesture', () => {
    pair()
    touch.move(2, by(150), 20)
    touch.down(3, by(50, 50), 30)
    expect(touch.move(2, by(300), 40)).toEqual([])
  })
})

describe('when the system takes the fingers', () => {
  it('everything is released, and the other fingers are not listened to', () => {
    touch.down(1, HERE, 0)
    touch.move(1, by(20), 10)
    expect(touch.cancel()).toEqual([{ type: 'release' }])
    expect([touch.move(1, by(30), 20), touch.up(1, by(30), 30)]).toEqual([[], []])
  })

  it('no long press comes after it', () => {
    touch.down(1, HERE, 0)
    touch.cancel()
    expect([touch.deadline, touch.tick(9999)]).toEqual([null, []])
  })
})
