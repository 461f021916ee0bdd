/** Both languages read the same files: what Python wrote, TypeScript must understand, and write alike. */

import { describe, expect, it } from 'vitest'
import controlVectors from '../../../tests/vectors/control.json'
import handshakeVectors from '../../../tests/vectors/handshake.json'
import inputVectors from '../../../tests/vectors/input.json'
import linkVectors from '../../../tests/vectors/link.json'
import paddingVectors from '../../../tests/vectors/padding.json'
import screenVectors from '../../../tests/vectors/screen.json'
import { fromHex, toHex, type Bytes } from './bytes'
import { isChannel, type Channel } from './channels'
import * as control from './control'
import { RemoteProtocolError } from './errors'
import { pad, unpad } from './frames'
import { AgentHandshake, ConsoleHandshake } from './handshake'
import * as input from './input'
import { AgentLink, ConsoleLink, type LinkEvent } from './link'
import * as screen from './screen'
import { Opener, Sealer, SigningKey, type Random } from './secure'

const stopped = (): number => 0

/** Gives the given byte strings one after another. */
function fixed(...values: string[]): Random {
  const queue = values.map(fromHex)
  return () => queue.shift()!
}

function channelOf(value: number): Channel {
  if (!isChannel(value)) throw new Error(`channel ${value}`)
  return value
}

function thrown(action: () => unknown): unknown {
  try {
    action()
  } catch (problem) {
    return problem
  }
  return null
}

/** Python's field names of a vector, ours of a message. */
const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

function message(type: string, fields: object): object {
  const names = { ViewRequest: 'view' } as Record<string, string>
  const renamed = Object.fromEntries(Object.entries(fields).map(([key, value]) => [camel(key), value as unknown]))
  return { type: names[type] ?? type.toLowerCase(), ...renamed }
}

describe('handshake', () => {
  it.each(handshakeVectors)('gives the keys and the number of the vector (resume: $resume_in)', async (v) => {
    const resume = v.resume_in === null ? null : fromHex(v.resume_in)
    const console = await ConsoleHandshake.create(fromHex(v.sid), resume, fixed(v.console_secret, v.console_nonce))
    const agent = await AgentHandshake.create(fromHex(v.sid), resume, fixed(v.agent_secret, v.agent_nonce))
    const m2 = agent.receiveM1(console.m1)
    const { m3, keys } = await console.receiveM2(m2)
    expect([toHex(console.m1), toHex(m2), toHex(m3)]).toEqual([v.m1, v.m2, v.m3])
    expect([toHex(keys.th), keys.sas, toHex(keys.o2a), toHex(keys.a2o), toHex(keys.resume)]).toEqual([v.th, v.sas, v.o2a, v.a2o, v.resume])
    expect(await agent.receiveM3(m3)).toEqual(keys)
  })

  it.each(handshakeVectors)('opens and makes the first screen frame (resume: $resume_in)', async (v) => {
    const { body, frame } = v.first_a2o_screen_frame
    const opener = await Opener.create(fromHex(v.a2o))
    expect(await opener.open(fromHex(frame))).toEqual({ channel: 1, body: fromHex(body) })
    const sealer = await Sealer.create(fromHex(v.a2o), stopped)
    expect(toHex(await sealer.seal(1, fromHex(body)))).toBe(frame)
  })
})

describe('link', () => {
  const v = linkVectors
  const limits = { frames: v.rekey_frames, sizeBytes: Infinity, ms: Infinity }
  const handshake = handshakeVectors[0]!

  async function replay(side: 'o2a' | 'a2o'): Promise<{ sent: string[]; events: LinkEvent[] }> {
    const sent: string[] = []
    const events: LinkEvent[] = []
    const options = {
      sid: fromHex(v.sid), clock: stopped, limits, send: (data: Bytes) => void sent.push(toHex(data)),
      key: await SigningKey.fromSecret(fromHex(side === 'o2a' ? v.console_key : v.agent_key)),
      identity: side === 'o2a' ? v.console_identity : v.agent_identity,
      random: side === 'o2a' ? fixed(handshake.console_secret, handshake.console_nonce) : fixed(handshake.agent_secret, handshake.agent_nonce),
    }
    const link = side === 'o2a' ? await ConsoleLink.start(options) : await AgentLink.start(options)
    for (const { direction, data } of v.messages) {
      if (direction !== side) events.push(...(await link.receive(fromHex(data))))
    }
    for (const { direction, channel, body } of v.bodies) {
      if (direction === side) await link.seal(channelOf(channel), fromHex(body))
    }
    return { sent, events }
  }

  it.each(['o2a', 'a2o'] as const)('replays the whole conversation with its rekeys as %s', async (side) => {
    const { sent, events } = await replay(side)
    expect(sent).toEqual(v.messages.filter((m) => m.direction === side).map((m) => m.data))
    const peer = side === 'o2a' ? v.agent_identity : v.console_identity
    expect(events[0]).toMatchObject({ type: 'established', peer, resumed: false, sas: handshake.sas })
    const received = events.slice(1).map((e) => (e.type === 'received' ? { channel: e.channel, body: toHex(e.body) } : e))
    const theirs = v.bodies.filter((b) => b.direction !== side)
    expect(received).toEqual(theirs.map(({ channel, body }) => ({ channel, body })))
  })
})

describe('padding', () => {
  it.each(paddingVectors)('of channel $channel', ({ channel, body, plaintext }) => {
    expect(toHex(pad(channelOf(channel), fromHex(body)))).toBe(plaintext)
    expect(toHex(unpad(channelOf(channel), fromHex(plaintext)))).toBe(body)
  })
})

describe('input', () => {
  it.each(inputVectors.good)('$type both ways', ({ type, fields, body }) => {
    const expected = message(type, fields) as input.InputMessage
    expect(input.decode(fromHex(body))).toEqual(expected)
    expect(toHex(input.encode(expected))).toBe(body)
  })

  it.each(inputVectors.bad)('refuses %s', (body) => {
    expect(thrown(() => input.decode(fromHex(body)))).toMatchObject({ code: 'BAD_INPUT' })
  })
})

describe('screen', () => {
  const { update, viewer, stats, troubles, bad_updates } = screenVectors

  it('reads and writes an update with every operation', () => {
    const decoded = screen.decodeUpdate(fromHex(update.body))
    expect(decoded.ops.map((op) => ({ ...op, data: toHex(op.data) }))).toEqual(update.ops)
    expect([decoded.frameId, decoded.stampMs]).toEqual([update.frame_id, update.stamp_ms])
    expect(toHex(screen.encodeUpdate(decoded))).toBe(update.body)
  })

  it('reads the data of RESIZE and ZSTD', () => {
    const [resize, , , zstd] = screen.decodeUpdate(fromHex(update.body)).ops
    expect(screen.decodeResizeData(resize!.data)).toEqual({ monitors: [{ x: 0, y: 0, width: 1920, height: 1080, name: 'DP-1', primary: true }], shown: -1 })
    const { rects, chunk } = screen.decodeZstdData(zstd!.data)
    expect(rects).toEqual([{ x: 0, y: 0, w: 64, h: 32 }, { x: 64, y: 0, w: 1, h: 1 }])
    expect(toHex(screen.zstdData(rects, chunk))).toBe(toHex(zstd!.data))
  })

  it.each(viewer)('$type both ways', ({ type, fields, body }) => {
    const expected = message(type, fields) as screen.ViewerMessage
    expect(screen.decodeViewer(fromHex(body))).toEqual(expected)
    expect(toHex(screen.encodeViewer(expected))).toBe(body)
  })

  it.each(Object.entries(troubles))('reads the trouble "%s"', (code, body) => {
    expect(screen.decodeTrouble(fromHex(body))).toBe(code === '' ? null : code)
  })

  it.each(['0343', `03${'41'.repeat(41)}`, `03${'00'.repeat(5)}`])('refuses trouble %s', (body) => {
    expect(thrown(() => screen.decodeTrouble(fromHex(body)))).toMatchObject({ code: 'BAD_SCREEN' })
  })

  it('reads statistics', () => expect(screen.decodeStats(fromHex(stats.body))).toEqual(stats.fields))

  it.each(bad_updates)('refuses update %s', (body) => {
    expect(thrown(() => screen.decodeUpdate(fromHex(body)))).toMatchObject({ code: 'BAD_SCREEN' })
  })
})

describe('control', () => {
  it.each(controlVectors.messages)('$type both ways', ({ type, fields, body }) => {
    const decoded = control.decode(fromHex(body))
    expect(decoded.type).toBe(type.toLowerCase())
    expect(toHex(control.encode(decoded))).toBe(body)
    if (type === 'Welcome' || type === 'End') expect(decoded).toEqual({ type: type.toLowerCase(), ...fields })
  })

  it.each(controlVectors.bad)('refuses %s', (body) => {
    expect(thrown(() => control.decode(fromHex(body)))).toBeInstanceOf(RemoteProtocolError)
  })

  it('signs and checks AUTH', async () => {
    const { th, identity, key, body } = controlVectors.auth
    const signing = await SigningKey.fromSecret(fromHex(key))
    expect(toHex(await control.encodeAuth('A', fromHex(th), identity, signing))).toBe(body)
    expect(await control.decodeAuth('A', fromHex(th), fromHex(body))).toEqual(identity)
    await expect(control.decodeAuth('O', fromHex(th), fromHex(body))).rejects.toMatchObject({ code: 'BAD_SIGNATURE' })
  })
})
