/** Drawing at the console's end. RC-DRAW */

import { computed, effectScope, ref, type EffectScope } from 'vue'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Channel } from '../../protocol/channels'
import { concat, utf8, viewOf, type Bytes } from '../../protocol/bytes'
import type { Received, ToolLink } from '../control/tool-link'
import { useDrawing, writable, type Drawing } from './drawing'

let scope: EffectScope
let sent: Bytes[]
let received: Received
let greet: () => void
let frames: (() => void)[]
let timers: (() => void)[]
let drawing: Drawing
const rights = ref(new Set<string>())

/** The agent has shown everything up to this mark. */
function shown(number: number): void {
  const body = new Uint8Array(7)
  body[0] = 0x11
  viewOf(body).setUint32(1, number)
  received(body)
}

const types = (): number[] => sent.map((body) => body[0] ?? -1)
const numberOf = (body: Bytes | undefined): number => viewOf(body ?? new Uint8Array(5)).getUint32(1)
const run = (list: (() => void)[]): void => {
  for (const callback of list.splice(0)) callback()
}

beforeEach(() => {
  sent = []
  frames = []
  timers = []
  rights.value = new Set(['draw'])
  const link: ToolLink = {
    rights: computed(() => rights.value),
    listen: (channel, handler) => {
      expect(channel).toBe(Channel.DRAWING)
      received = handler
      return () => undefined
    },
    greeted: (handler) => ((greet = handler), () => undefined),
    send: (_, body) => sent.push(body) > 0,
    note: () => undefined,
  }
  scope = effectScope()
  drawing = scope.run(() => useDrawing(link, { frame: (f) => frames.push(f), later: (f) => timers.push(f) }))!
})
afterEach(() => {
  scope.stop()
})

describe('a stroke', () => {
  it('goes out once a frame and stays here until the picture brings it back', () => {
    drawing.begin([1, 2])
    drawing.move([[3, 4], [5, 6]])
    drawing.move([[7, 8]])
    expect(types()).toEqual([1])
    run(frames)
    drawing.end()
    expect(types()).toEqual([1, 2])
    expect(drawing.own.value[0]?.points).toEqual([[1, 2], [3, 4], [5, 6], [7, 8]])
    run(timers)
    expect(drawing.own.value).toHaveLength(1)
    shown(1)
    run(timers)
    expect(drawing.own.value).toHaveLength(0)
  })

  it('that grows too long goes on as the next one, from its last place', () => {
    drawing.begin([0, 0])
    for (let x = 1; x < 1500; x += 1) {
      drawing.move([[x, 0]])
      run(frames)
    }
    drawing.end()
    const begun = sent.filter((body) => body[0] === 1)
    expect(begun.map(numberOf)).toEqual([1, 2, 3])
    for (const mark of drawing.own.value) expect(mark.points.length).toBeLessThanOrEqual(1024)
    expect(drawing.own.value[1]?.points[0]).toEqual(drawing.own.value[0]?.points.at(-1))
  })
})

it('a shape of two places is sent anew while it is drawn, and not at all without a second place', () => {
  drawing.tool.value = 'arrow'
  drawing.begin([1, 1])
  drawing.end()
  expect(sent).toHaveLength(0)
  drawing.begin([1, 1])
  drawing.move([[5, 5]])
  run(frames)
  drawing.move([[9, 9]])
  drawing.end()
  expect(sent.map(numberOf)).toEqual([2, 2])
  expect(drawing.own.value.map((mark) => mark.points)).toEqual([[[1, 1], [9, 9]]])
})

it('steps count up, and begin anew when everything is taken away', () => {
  drawing.tool.value = 'step'
  drawing.begin([1, 1])
  drawing.begin([2, 2])
  expect(drawing.own.value.map((mark) => mark.text)).toEqual(['1', '2'])
  drawing.clear()
  expect([drawing.step.value, drawing.own.value.length, types().at(-1)]).toEqual([1, 0, 4])
})

it('words are cleaned and cut before they are sent', () => {
  expect(writable('a\u202eb\r\nc\td \u0007')).toBe('ab\nc d')
  expect(writable('\n'.repeat(20)).split('\n')).toHaveLength(8)
  expect(utf8(writable('가'.repeat(900))).length).toBeLessThanOrEqual(600)
  drawing.tool.value = 'text'
  drawing.begin([5, 5])
  drawing.write('  \u200b ')
  expect(sent).toHaveLength(0)
  drawing.begin([5, 5])
  drawing.write('여기')
  expect(types()).toEqual([1])
})

it('the light follows the pointer once a frame, and goes out', () => {
  drawing.tool.value = 'laser'
  drawing.hover([1, 1])
  drawing.hover([2, 2])
  run(frames)
  drawing.dark()
  drawing.dark()
  expect(types()).toEqual([6, 7])
  expect([...(sent[0] ?? [])].slice(1)).toEqual([0, 2, 0, 2])
})

it('undo takes the last mark, also one that is just being drawn', () => {
  drawing.begin([1, 1])
  drawing.move([[2, 2]])
  drawing.undo()
  expect(types()).toEqual([1, 2, 3])
  expect(drawing.own.value).toHaveLength(0)
  drawing.move([[3, 3]])
  run(frames)
  expect(types()).toHaveLength(3)
})

it('a new link knows no marks, but how long they stay; numbers go on', () => {
  drawing.setFade(5)
  drawing.tool.value = 'step'
  drawing.begin([1, 1])
  greet()
  expect(types()).toEqual([5, 1, 5])
  expect(drawing.own.value).toHaveLength(0)
  drawing.begin([1, 1])
  expect(numberOf(sent.at(-1))).toBe(2)
})

it('without the right nothing is drawn, and a PC that cannot show it says so', () => {
  rights.value = new Set()
  drawing.begin([1, 1])
  expect([sent.length, drawing.own.value.length]).toEqual([0, 0])
  received(concat(Uint8Array.of(0x12), utf8('NO_OVERLAY')))
  expect(drawing.refused.value).toBe('NO_OVERLAY')
})
