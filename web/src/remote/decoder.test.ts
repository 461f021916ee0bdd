/** What an agent may draw, and what it may not. */

import { describe, expect, it } from 'vitest'
import { concat, fromHex, type Bytes } from '../protocol/bytes'
import { OpKind, decodeUpdate, encodeUpdate, makeOp, resizeData, zstdData, type Op } from '../protocol/screen'
import { UpdateDecoder, draw } from './decoder'
import { jpegSize } from './jpeg'
import { FakeSurface, fakeJpeg } from './testing'

const HEADER = fromHex('28b52ffd0060')
const resize = (w: number, h: number): Op => makeOp(OpKind.RESIZE, { w, h, data: resizeData({ monitors: [], shown: -1 }) })
const RED = [0, 0, 255, 0] as const
const BLUE = [255, 0, 0, 0] as const

/** A chunk of raw pixels; `first` of a stream carries the frame header. */
function pixels(rects: { x: number; y: number; w: number; h: number }[], bgrx: readonly number[][], first = true): Op {
  const data = Uint8Array.from(bgrx.flat())
  const block = concat(Uint8Array.of((data.length << 3) & 0xff, data.length >> 5, 0), data)
  return makeOp(OpKind.ZSTD, { data: zstdData(rects, first ? concat(HEADER, block) : block) })
}

class Screen {
  readonly surface = new FakeSurface()
  private readonly decoder = new UpdateDecoder(this.surface)

  close(): void {
    this.decoder.close()
  }

  async show(...ops: Op[]): Promise<void> {
    for (const step of await this.decoder.decode({ frameId: 1, stampMs: 0, ops })) draw(this.surface, step)
  }
}

describe('drawing', () => {
  it('turns BGRX into colours, keeps the stream over messages and begins anew after ZRESET', async () => {
    const screen = new Screen()
    await screen.show(resize(3, 2), pixels([{ x: 0, y: 0, w: 1, h: 1 }, { x: 2, y: 1, w: 1, h: 1 }], [[...RED], [...BLUE]]))
    expect(screen.surface.pixels).toEqual([[0xff0000, 0, 0], [0, 0, 0x0000ff]])
    await screen.show(pixels([{ x: 1, y: 0, w: 1, h: 1 }], [[...RED]], false))
    await screen.show(makeOp(OpKind.ZRESET), pixels([{ x: 1, y: 1, w: 1, h: 1 }], [[...BLUE]]))
    expect(screen.surface.pixels).toEqual([[0xff0000, 0xff0000, 0], [0, 0x0000ff, 0x0000ff]])
  })

  it('keeps the order of operations though pictures are decoded later', async () => {
    const { surface, show } = withShow(new Screen())
    const copy = makeOp(OpKind.COPY, { x: 2, y: 0, w: 2, h: 2, a: 0, b: 0 })
    await show(resize(4, 4), makeOp(OpKind.JPEG, { w: 2, h: 2, data: fakeJpeg(2, 2) }), copy, pixels([{ x: 0, y: 0, w: 1, h: 1 }], [[...RED]]))
    expect(surface.calls).toEqual(['resize 4x4', 'picture 0,0 2x2', 'copy 0,0 -> 2,0', 'pixels 0,0 1x1'])
    expect(surface.pictures.every((picture) => picture.closed)).toBe(true)
  })

  it('copies overlapping rectangles', async () => {
    const { surface, show } = withShow(new Screen())
    await show(resize(3, 1), pixels([{ x: 0, y: 0, w: 3, h: 1 }], [[...RED], [...BLUE], [...RED]]))
    await show(makeOp(OpKind.COPY, { x: 1, y: 0, w: 2, h: 1, a: 0, b: 0 }))
    expect(surface.pixels).toEqual([[0xff0000, 0xff0000, 0x0000ff]])
  })
})

describe('video', () => {
  const video = (data: readonly number[], a = 0, b = 1, more: Partial<Op> = {}): Op => makeOp(OpKind.VIDEO, { w: 4, h: 2, a, b, data: Uint8Array.from(data), ...more })

  it('opens one decoder for a stream and shows a picture for each one that comes', async () => {
    const { surface, show } = withShow(new Screen())
    await show(resize(10, 10), video([1, 7], 1))
    await show(video([1, 8]))
    await show(video([1, 9], 1))
    expect(surface.calls).toEqual(['video vp8 4x2', 'resize 10x10', 'picture 0,0 4x2', 'picture 0,0 4x2', 'picture 0,0 4x2'])
    expect(surface.pictures.every((picture) => picture.closed)).toBe(true)
  })

  it('closes the decoder when another stream begins, with a new picture, and at the end', async () => {
    const screen = new Screen()
    await screen.show(resize(10, 10), video([1, 7], 1))
    await screen.show(video([2, 7], 1, 2, { x: 2 }))
    await screen.show(resize(12, 12))
    await screen.show(video([1, 7], 1, 3))
    screen.close()
    const opened = screen.surface.calls.filter((call) => call.startsWith('video'))
    expect(opened).toEqual(['video vp8 4x2', 'video ends', 'video h264 4x2', 'video ends', 'video vp8 4x2', 'video ends'])
    await expect(screen.show(video([1, 7], 1, 4))).rejects.toThrow('BAD_SCREEN')
  })

  it.each<[string, Op[]]>([
    ['that begins in the middle', [resize(10, 10), video([1, 7])]],
    ['of another stream', [resize(10, 10), video([1, 7], 1, 1), video([1, 7], 0, 2)]],
    ['twice in one update', [resize(10, 10), video([1, 7], 1), video([1, 7])]],
    ['of odd size', [resize(10, 10), video([1, 7], 1, 1, { w: 3 })]],
    ['that reaches out', [resize(10, 10), video([1, 7], 1, 1, { x: 8 })]],
    ['of an unknown codec', [resize(10, 10), video([3, 7], 1)]],
    ['without data', [resize(10, 10), video([1], 1)]],
    ['that cannot be decoded', [resize(10, 10), video([1, 0xee], 1)]],
  ])('E13: refuses one %s', async (_, ops) => {
    const screen = new Screen()
    await expect(screen.show(...ops)).rejects.toThrow('BAD_SCREEN')
    expect(screen.surface.pictures.every((picture) => picture.closed)).toBe(true)
  })
})

function withShow(screen: Screen): { surface: FakeSurface; show: (...ops: Op[]) => Promise<void> } {
  return { surface: screen.surface, show: (...ops) => screen.show(...ops) }
}

function cutShort(op: Op): Op {
  return { ...op, data: op.data.subarray(0, -1) }
}

describe('E13: a hostile agent is refused', () => {
  const black = (count: number): Op[] => Array.from({ length: count }, () => makeOp(OpKind.JPEG, { w: 10, h: 10, data: fakeJpeg(10, 10) }))
  const moves = (count: number): Op[] => Array.from({ length: count }, () => makeOp(OpKind.COPY, { w: 10, h: 10, a: 0, b: 0 }))
  const dots = (count: number): Op =>
    makeOp(OpKind.ZSTD, { data: zstdData(Array.from({ length: count }, (_, i) => ({ x: i % 200, y: i >> 8, w: 1, h: 1 })), HEADER) })
  const cases: [string, Op[]][] = [
    ['10,000 rectangles', [resize(200, 200), dots(10_000)]],
    ['a stream that ends before its pixels', [resize(200, 200), dots(100)]],
    ['a block of the stream that is cut short', [resize(10, 10), cutShort(pixels([{ x: 0, y: 0, w: 2, h: 1 }], [[...RED], [...BLUE]]))]],
    ['drawing before there is a picture', black(1)],
    ['a picture of no height', [resize(10, 0)]],
    ['a picture above 33 Mpx', [resize(7681, 4320)]],
    ['two RESIZE in one update', [resize(10, 10), resize(10, 10)]],
    ['a rectangle that reaches out', [resize(10, 10), makeOp(OpKind.JPEG, { x: 1, w: 10, h: 10, data: fakeJpeg(10, 10) })]],
    ['an empty rectangle', [resize(10, 10), makeOp(OpKind.COPY, { w: 0, h: 1 })]],
    ['copying from outside', [resize(10, 10), makeOp(OpKind.COPY, { w: 2, h: 2, a: -1, b: 0 })]],
    ['more than two pictures of pixels', [resize(10, 10), ...black(3)]],
    ['more than two pictures of moves', [resize(10, 10), ...moves(3)]],
    ['a JPEG of another size', [resize(10, 10), makeOp(OpKind.JPEG, { w: 10, h: 10, data: fakeJpeg(10_000, 10_000) })]],
    ['a JPEG that is none', [resize(10, 10), makeOp(OpKind.JPEG, { w: 10, h: 10, data: Uint8Array.of(1, 2, 3, 4) })]],
    ['a JPEG that the browser refuses', [resize(10, 10), makeOp(OpKind.JPEG, { w: 10, h: 10, data: fakeJpeg(10, 10, 0xee) })]],
    ['a pointer of 257 pixels', [makeOp(OpKind.CURSOR, { w: 257, h: 1, data: new Uint8Array(257 * 4) })]],
    ['a pointer with too few bytes', [makeOp(OpKind.CURSOR, { w: 2, h: 2, data: new Uint8Array(15) })]],
  ]
  it.each(cases)('%s', async (_, ops) => {
    const screen = new Screen()
    await expect(screen.show(...ops)).rejects.toMatchObject({ code: 'BAD_SCREEN' })
    expect(screen.surface.calls).toEqual([])
    expect(screen.surface.pictures.every((picture) => picture.closed)).toBe(true)
  })

  it('after an update that is refused nothing of it is shown, and the pictures of it are freed', async () => {
    const screen = new Screen()
    await screen.show(resize(10, 10), ...black(1))
    const shown = screen.surface.calls.length
    await expect(screen.show(...black(1), dots(1))).rejects.toMatchObject({ code: 'BAD_SCREEN' })
    expect(screen.surface.calls.length).toBe(shown)
    expect(screen.surface.pictures.every((picture) => picture.closed)).toBe(true)
  })

  it('an update that is cut short anywhere is refused or a shorter list of whole operations', () => {
    const ops = [resize(10, 10), ...black(1), ...moves(1)]
    const whole = encodeUpdate({ frameId: 7, stampMs: 1, ops })
    for (let length = 0; length < whole.length; length += 1) {
      try {
        expect(decodeUpdate(whole.slice(0, length)).ops.length).toBeLessThan(ops.length)
      } catch (problem) {
        expect(problem).toMatchObject({ code: 'BAD_SCREEN' })
      }
    }
  })

  it('10,000 operations are refused before any of them is looked at', () => {
    expect(() => decodeUpdate(encodeUpdate({ frameId: 7, stampMs: 1, ops: moves(10_000) }))).toThrow('BAD_SCREEN')
  })

  it('up to the limits it is accepted', async () => {
    await new Screen().show(resize(10, 10), ...black(2), ...moves(2))
  })
})

describe('jpegSize', () => {
  it('reads the frame header only', () => {
    expect(jpegSize(fakeJpeg(640, 480))).toEqual({ width: 640, height: 480 })
  })

  it.each<[string, Bytes]>([
    ['nothing', new Uint8Array(0)],
    ['no JPEG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47)],
    ['data before the header', Uint8Array.of(0xff, 0xd8, 0xff, 0xda, 0, 4, 0, 0, 0, 0, 0, 0)],
    ['a header that is cut short', fakeJpeg(1, 1).subarray(0, 14)],
    ['a segment of no length', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xe0, 0, 0, 0, 0, 0)],
  ])('gives null for %s', (_, data) => {
    expect(jpegSize(data)).toBeNull()
  })
})
