/** Changed bytes are never accepted, and never end in an exception of another kind than RemoteProtocolError. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, type Bytes } from './bytes'
import { Channel } from './channels'
import * as control from './control'
import { LocalProtocolError, RemoteProtocolError } from './errors'
import { decodeHeader, MAX_FRAME_BYTES, unpad } from './frames'
import { AgentHandshake, ConsoleHandshake } from './handshake'
import * as input from './input'
import { loadJson } from './messages'
import * as screen from './screen'
import { ExchangeKey, Opener, Sealer } from './secure'

const SECRET = new Uint8Array(32).fill(9)
const SID = new Uint8Array(16).fill(7)
const bytes = (maxLength: number): fc.Arbitrary<Bytes> => fc.uint8Array({ maxLength }).map((b) => new Uint8Array(b))

/** One changed, removed or added byte. */
function mutated(data: Bytes, at: number, change: number, how: number): Bytes {
  const i = at % data.length
  if (how === 0) return concat(data.subarray(0, i), data.subarray(i + 1))
  if (how === 1) return concat(data.subarray(0, i), Uint8Array.of(change), data.subarray(i))
  const copy = data.slice()
  copy[i] = (copy[i] ?? 0) ^ change
  return copy
}

const mutation = fc.tuple(fc.nat(200), fc.integer({ min: 1, max: 255 }), fc.nat(2))

function onlyRemote(action: () => unknown): void {
  try {
    action()
  } catch (problem) {
    expect(problem).toBeInstanceOf(RemoteProtocolError)
  }
}

async function outcome(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => null,
    (problem: unknown) => problem,
  )
}

describe('frames', () => {
  it('a changed frame does not open', async () => {
    const sealer = await Sealer.create(SECRET, () => 0)
    const frame = await sealer.seal(Channel.INPUT, Uint8Array.of(5))
    await fc.assert(
      fc.asyncProperty(mutation, async ([at, change, how]) => {
        const opener = await Opener.create(SECRET)
        expect(await outcome(opener.open(mutated(frame, at, change, how)))).toMatchObject({ code: 'BAD_FRAME' })
      }),
      { numRuns: 200 },
    )
  })

  it('a replayed, skipped or swapped frame does not open', async () => {
    const sealer = await Sealer.create(SECRET, () => 0)
    const [first, second] = [await sealer.seal(1, Uint8Array.of(1)), await sealer.seal(1, Uint8Array.of(2))]
    const skipped = await Opener.create(SECRET)
    await expect(skipped.open(second)).rejects.toThrow('out of order')
    const replayed = await Opener.create(SECRET)
    await replayed.open(first)
    await expect(replayed.open(first)).rejects.toThrow('out of order')
  })

  it('lengths are refused at the edges', () => {
    const head = fromHex('0101' + '00'.repeat(12))
    expect(() => decodeHeader(concat(head, new Uint8Array(16)))).toThrow('BAD_FRAME')
    expect(decodeHeader(concat(head, new Uint8Array(17))).channel).toBe(1)
    expect(decodeHeader(concat(head, new Uint8Array(MAX_FRAME_BYTES - 14))).seq).toBe(0)
    expect(() => decodeHeader(concat(head, new Uint8Array(MAX_FRAME_BYTES - 13)))).toThrow('BAD_FRAME')
  })
})

describe('handshake', () => {
  it('a changed m2 is refused or gives other keys; a changed m1 or m3 is refused by the agent', async () => {
    await fc.assert(
      fc.asyncProperty(mutation, fc.nat(2), async ([at, change, how], which) => {
        const console = await ConsoleHandshake.create(SID)
        const agent = await AgentHandshake.create(SID)
        const maybe = (i: number, data: Bytes): Bytes => (which === i ? mutated(data, at, change, how) : data)
        const problem = await outcome(
          (async () => {
            const { m3, keys } = await console.receiveM2(maybe(1, agent.receiveM1(maybe(0, console.m1))))
            expect(await agent.receiveM3(maybe(2, m3))).not.toEqual(keys)
          })(),
        )
        if (problem === null) expect(which).toBe(1)
        else expect(problem).toBeInstanceOf(RemoteProtocolError)
      }),
      { numRuns: 150 },
    )
  })

  it('public keys of low order are refused', async () => {
    const key = await ExchangeKey.create(SECRET)
    const one = Uint8Array.from({ length: 32 }, (_, i) => Number(i === 0))
    const high = fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800')
    for (const point of [new Uint8Array(32), one, high, new Uint8Array(31)]) {
      await expect(key.sharedWith(point)).rejects.toMatchObject({ code: 'BAD_HANDSHAKE' })
    }
  })

  it('suite 2 without a secret is refused by the agent, and wrong lengths are our own bug', async () => {
    const console = await ConsoleHandshake.create(SID, SECRET)
    const agent = await AgentHandshake.create(SID)
    expect(() => agent.receiveM1(console.m1)).toThrow('RESUME_UNKNOWN')
    await expect(ConsoleHandshake.create(new Uint8Array(15))).rejects.toBeInstanceOf(LocalProtocolError)
  })
})

describe('parsers are total', () => {
  const parsers: [string, (body: Bytes) => unknown][] = [
    ['control', control.decode],
    ['input', input.decode],
    ['update', screen.decodeUpdate],
    ['stats', screen.decodeStats],
    ['trouble', screen.decodeTrouble],
    ['viewer', screen.decodeViewer],
    ['zstd', screen.decodeZstdData],
    ['resize', screen.decodeResizeData],
    ['json', (body) => loadJson(body, 'BAD')],
    ['header', decodeHeader],
    ['unpad', (body) => unpad(Channel.CONTROL, body)],
    ['unpad screen', (body) => unpad(Channel.SCREEN, body)],
  ]

  it.each(parsers)('%s', (_, parse) => {
    fc.assert(fc.property(bytes(300), fc.nat(0x20), (body, type) => {
      onlyRemote(() => parse(body))
      onlyRemote(() => parse(concat(Uint8Array.of(type), body)))
    }), { numRuns: 2000 })
  })

  it('JSON of any shape is refused or read, nothing else', () => {
    fc.assert(fc.property(fc.json(), (json) => {
      onlyRemote(() => control.decode(concat(Uint8Array.of(3), new TextEncoder().encode(json))))
    }))
  })

  it.each(['{"reason":"a","reason":"b"}', '{"reason":"a","\\u0072eason":"b"}', '{"reason":"a","x":1}', '{"reason":NaN}', '{}', '[]', '"a"',
    '['.repeat(60_000), '\ufeff{"reason":"a"}'])('END with %.30s is refused', (json) => {
    expect(() => control.decode(concat(Uint8Array.of(4), new TextEncoder().encode(json)))).toThrow('BAD_CONTROL')
  })

  it('signed parts of AUTH cannot be changed', async () => {
    await fc.assert(fc.asyncProperty(bytes(200), async (body) => {
      const problem = await outcome(control.decodeAuth('A', SECRET, concat(Uint8Array.of(1, 0, 20), body)))
      expect(problem).toBeInstanceOf(RemoteProtocolError)
    }))
  })
})
