/** The stream of a real encoder decodes exactly; a hostile one is refused before it costs memory. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex, type Bytes } from '../protocol/bytes'
import { RemoteProtocolError } from '../protocol/errors'
import { sha256 } from '../protocol/secure'
import { ZstdStream } from './zstd'
import { streams } from './zstd-streams.json'

const HEADER = fromHex('28b52ffd0060')
const rle = (byte: number, size: number, last = 0): Bytes => {
  const header = (size << 3) | (1 << 1) | last
  return Uint8Array.of(header & 0xff, (header >> 8) & 0xff, header >> 16, byte)
}
const raw = (...bytes: number[]): Bytes => concat(Uint8Array.of((bytes.length << 3) & 0xff, bytes.length >> 5, 0), Uint8Array.from(bytes))

describe('a stream', () => {
  it.each([0, 1])('of a real encoder gives its pixels, chunk by chunk (%d)', async (which) => {
    const stream = new ZstdStream()
    for (const { chunk, size, sha256: expected } of streams[which]!) {
      expect(toHex(await sha256(stream.decode(fromHex(chunk), size)))).toBe(expected)
    }
  })

  it('begins with a chunk of any size', () => {
    expect(new ZstdStream().decode(concat(HEADER, raw(7)), 1)).toEqual(Uint8Array.of(7))
  })
})

describe('refused', () => {
  const cases: [string, Bytes, number][] = [
    ['more output than announced', concat(HEADER, rle(1, 5)), 4],
    ['less output than announced', concat(HEADER, rle(1, 3)), 4],
    ['a window above 4 MiB', concat(fromHex('28b52ffd0061'), rle(1, 4)), 4],
    ['a single segment', concat(fromHex('28b52ffd2004'), rle(1, 4)), 4],
    ['a dictionary', concat(fromHex('28b52ffd0160'), rle(1, 4)), 4],
    ['a skippable frame', fromHex('502a4d1800000000'), 4],
    ['the end of the stream', concat(HEADER, rle(1, 4, 1)), 4],
    ['a block above 128 KiB', concat(HEADER, rle(1, 131_073)), 131_073],
    ['the reserved block type', concat(HEADER, Uint8Array.of(0x0e, 0, 0, 1)), 1],
    ['half a block', concat(HEADER, raw(1, 2, 3).subarray(0, 5)), 3],
    ['nothing', new Uint8Array(0), 1],
  ]
  it.each(cases)('%s', (_, chunk, size) => {
    expect(() => new ZstdStream().decode(chunk, size)).toThrow('BAD_SCREEN')
  })

  it('a million blocks that would give 128 GB', () => {
    const block = rle(0, 131_072)
    const bomb = new Uint8Array(4 * 1024 * 1024 - 64)
    for (let at = 0; at + 4 <= bomb.length; at += 4) bomb.set(block, at)
    expect(() => new ZstdStream().decode(concat(HEADER, bomb), 1_000_000)).toThrow('BAD_SCREEN')
  })

  it('or decoded: a changed stream never ends in another exception', () => {
    const { chunk, size } = streams[1]![0]!
    const data = fromHex(chunk)
    fc.assert(
      fc.property(fc.nat(data.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const copy = data.slice()
        copy[at] = (copy[at] ?? 0) ^ change
        try {
          expect(new ZstdStream().decode(copy, size)).toHaveLength(size)
        } catch (problem) {
          expect(problem).toBeInstanceOf(RemoteProtocolError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
