/** The engine against a real agent link, over a relay in memory. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Channel } from '../protocol/channels'
import { decode as decodeControl, encode as encodeControl } from '../protocol/control'
import { OpKind, decodeViewer, encodeStats, encodeUpdate, encodeViewer, makeOp, resizeData, type Op } from '../protocol/screen'
import { Engine, RESUME_MS, type ConnectCommand, type EngineEvent } from './engine'
import { FakeAgent, FakeNetwork, FakeSurface, SID, fakeJpeg, type FakePicture, type FakeSocket } from './testing'

let network: FakeNetwork
let surface: FakeSurface
let engine: Engine<FakePicture>
let events: (EngineEvent & { link: number })[]
let key: CryptoKeyPair

beforeEach(async () => {
  network = new FakeNetwork()
  surface = new FakeSurface()
  events = []
  engine = new Engine(surface, network.environment, (output) => {
    if (output.type === 'event') events.push({ ...output.event, link: output.link })
  })
  key = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair
})

afterEach(() => {
  engine.handle({ type: 'disconnect', ending: { kind: 'ended', code: 'TEST' }, forget: true })
})

const connectCommand = (link: number): ConnectCommand => ({
  type: 'connect', link, url: 'wss://host/ws/relay', ticket: 'T', sid: SID, key, operatorName: '김상담', version: '0.1.0',
})

async function connect(link: number): Promise<FakeSocket> {
  const before = network.sockets.length
  engine.handle(connectCommand(link))
  await vi.waitFor(() => expect(network.sockets).toHaveLength(before + 1))
  return network.sockets[before]!
}

async function open(link = 1, resume: Uint8Array<ArrayBuffer> | null = null): Promise<{ socket: FakeSocket; agent: FakeAgent }> {
  const socket = await connect(link)
  const agent = await FakeAgent.behind(socket, resume)
  socket.pair()
  await event('welcome', link)
  return { socket, agent }
}

async function event<T extends EngineEvent['type']>(type: T, link = 1): Promise<Extract<EngineEvent, { type: T }>> {
  await vi.waitFor(() => expect(events.filter((e) => e.link === link).map((e) => e.type)).toContain(type))
  return events.find((e) => e.link === link && e.type === type) as unknown as Extract<EngineEvent, { type: T }>
}

const update = (frameId: number, ...ops: Op[]): Uint8Array<ArrayBuffer> => encodeUpdate({ frameId, stampMs: 0, ops })
const resize = makeOp(OpKind.RESIZE, { w: 10, h: 10, data: resizeData({ monitors: [], shown: -1 }) })
const jpeg = makeOp(OpKind.JPEG, { w: 10, h: 10, data: fakeJpeg(10, 10) })

describe('a link', () => {
  it('joins with the ticket, proves both ends and shows the same number to both', async () => {
    const { socket, agent } = await open()
    expect(socket.texts).toEqual(['{"type":"join","ticket":"T"}'])
    expect(await event('established')).toMatchObject({ peer: { host: 'PC-7', user: 'kim' }, resumed: false })
    expect(await event('welcome')).toMatchObject({ permissions: ['view', 'control'], sasPolicy: 'shown', trust: 'unverified' })
    expect((await event('established')).sas).toMatch(/^\d{6}$/)
    expect(agent.resumeSecret).toHaveLength(32)
  })

  it('draws an update, then acknowledges it with the time from receipt to drawn', async () => {
    const { agent } = await open()
    await agent.say(Channel.SCREEN, update(7, resize, jpeg))
    await vi.waitFor(() => expect(agent.received.some((m) => m.channel === Channel.SCREEN)).toBe(true))
    const ack = agent.received.find((m) => m.channel === Channel.SCREEN)!
    expect(decodeViewer(ack.body)).toEqual({ type: 'ack', frameId: 7, drawnMs: 0 })
    expect(surface.calls).toEqual(['resize 10x10', 'picture 0,0 10x10'])
    expect(await event('geometry')).toMatchObject({ width: 10, height: 10 })
    await event('pictured')
  })

  it('RC-REFRESH: passes messages to the agent, statistics to the page, and answers pings', async () => {
    const { agent } = await open()
    engine.handle({ type: 'send', channel: Channel.SCREEN, body: encodeViewer({ type: 'refresh' }) })
    await agent.say(Channel.SCREEN, encodeStats({ latency_ms: 12.5, fps: 30, kbit_s: 800, capture: 'fast', codec: '', width: 10, height: 10 }))
    await agent.say(Channel.CONTROL, encodeControl({ type: 'ping', token: 99n }))
    expect((await event('stats')).stats.latency_ms).toBe(12.5)
    await vi.waitFor(() => {
      const control = agent.received.filter((m) => m.channel === Channel.CONTROL).map((m) => decodeControl(m.body))
      expect(control).toContainEqual({ type: 'pong', token: 99n })
      expect(agent.received.some((m) => m.channel === Channel.SCREEN && decodeViewer(m.body).type === 'refresh')).toBe(true)
    })
  })

  it('measures the round trip with pings of its own', async () => {
    const { agent } = await open()
    await vi.waitFor(() => expect(agent.received.length).toBeGreaterThan(0))
    const ping = decodeControl(agent.received[0]!.body)
    expect(ping).toMatchObject({ type: 'ping' })
    network.now += 25
    if (ping.type === 'ping') await agent.say(Channel.CONTROL, encodeControl({ type: 'pong', token: ping.token }))
    expect((await event('rtt')).ms).toBe(25)
  })

  it('ends when the agent ends the session', async () => {
    const { agent, socket } = await open()
    await agent.say(Channel.CONTROL, encodeControl({ type: 'end', reason: 'customer_ended' }))
    expect((await event('closed')).ending).toEqual({ kind: 'ended', code: 'customer_ended' })
    expect(socket.closed).toBe(true)
  })
})

describe('reconnecting', () => {
  it('resumes with the secret of the lost link: suite 2, a new number', async () => {
    const first = await open(1)
    first.socket.onclose?.(1006)
    expect((await event('closed')).ending).toEqual({ kind: 'retry', code: 'CONNECTION_LOST' })
    const second = await open(2, first.agent.resumeSecret)
    expect(await event('established', 2)).toMatchObject({ resumed: true })
    expect(second.agent.resumed).toBe(true)
    expect((await event('established', 2)).sas).not.toBe((await event('established', 1)).sas)
  })

  it('does without the secret when the agent refuses suite 2', async () => {
    ;(await open(1)).socket.onclose?.(1006)
    const socket = await connect(2)
    const forgetful = await FakeAgent.behind(socket)
    socket.pair()
    expect((await event('closed', 2)).ending).toEqual({ kind: 'resume_refused', code: 'AGENT_GONE' })
    expect(forgetful.problem).toMatchObject({ code: 'RESUME_UNKNOWN' })
    await open(3)
    expect(await event('established', 3)).toMatchObject({ resumed: false })
  })

  it('does without the secret when the agent remembers another one', async () => {
    ;(await open(1)).socket.onclose?.(1006)
    const socket = await connect(2)
    await FakeAgent.behind(socket, new Uint8Array(32).fill(1))
    socket.pair()
    expect((await event('closed', 2)).ending).toEqual({ kind: 'resume_refused', code: 'BAD_FRAME' })
    await open(3)
  })

  it('keeps the secret through a network failure in the middle of a handshake', async () => {
    const first = await open(1)
    first.socket.onclose?.(1006)
    const socket = await connect(2)
    socket.pair()
    socket.onclose?.(1006)
    await event('closed', 2)
    await open(3, first.agent.resumeSecret)
    expect(await event('established', 3)).toMatchObject({ resumed: true })
  })

  it('forgets the secret ten minutes after the link was lost', async () => {
    ;(await open(1)).socket.onclose?.(1006)
    network.now += RESUME_MS
    await open(2)
    expect(await event('established', 2)).toMatchObject({ resumed: false })
  })

  it.each([
    [4000, 'retry', 'TICKET_REFUSED'], [4001, 'retry', 'AGENT_GONE'], [4002, 'retry', 'RELAY_LIMIT'], [4003, 'ended', 'SESSION_ENDED'],
    [4004, 'retry', 'AGENT_ABSENT'], [4005, 'failed', 'REPLACED'], [4006, 'retry', 'SERVER_STOPPING'], [1006, 'retry', 'CONNECTION_LOST'],
  ])('close code %d means %s, %s', async (code, kind, word) => {
    const socket = await connect(1)
    socket.onclose?.(code)
    expect((await event('closed')).ending).toEqual({ kind, code: word })
  })
})

describe('E13: misbehaviour ends the control with a code', () => {
  it.each<[string, Channel, Uint8Array<ArrayBuffer>, string]>([
    ['an unknown screen message', Channel.SCREEN, Uint8Array.of(0x55), 'BAD_SCREEN'],
    ['drawing outside', Channel.SCREEN, update(1, jpeg), 'BAD_SCREEN'],
    ['malformed control', Channel.CONTROL, Uint8Array.of(3, 1), 'BAD_CONTROL'],
    ['a channel that a console does not have', Channel.INPUT, Uint8Array.of(5), 'BAD_CHANNEL'],
  ])('%s', async (_, channel, body, code) => {
    const { agent, socket } = await open()
    await agent.say(channel, body)
    expect((await event('closed')).ending).toEqual({ kind: 'failed', code })
    expect([socket.closed, surface.calls]).toEqual([true, []])
  })

  it('a changed frame', async () => {
    const { socket } = await open()
    socket.deliver(new Uint8Array(80))
    expect((await event('closed')).ending).toEqual({ kind: 'failed', code: 'BAD_FRAME' })
  })

  it('bytes before "paired", and text after it', async () => {
    ;(await connect(1)).deliver(new Uint8Array(66))
    expect((await event('closed')).ending).toEqual({ kind: 'failed', code: 'BAD_RELAY' })
    const { socket } = await open(2)
    socket.onmessage?.('{"type":"paired"}')
    expect((await event('closed', 2)).ending).toEqual({ kind: 'failed', code: 'BAD_RELAY' })
  })

  it('a flood', async () => {
    const { socket } = await open()
    for (let i = 0; i < 9; i += 1) socket.deliver(new Uint8Array(4 * 1024 * 1024))
    expect((await event('closed')).ending).toEqual({ kind: 'failed', code: 'SCREEN_FLOOD' })
  })

  it('nothing is drawn for a link that is gone', async () => {
    const { agent, socket } = await open()
    await agent.say(Channel.SCREEN, update(1, resize))
    socket.onclose?.(1006)
    await event('closed')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(surface.calls).toEqual([])
  })
})

describe('the page leaves', () => {
  it('after its last message was sent', async () => {
    const { agent, socket } = await open()
    engine.handle({ type: 'send', channel: Channel.CONTROL, body: encodeControl({ type: 'end', reason: 'operator_ended' }) })
    engine.handle({ type: 'disconnect', ending: { kind: 'ended', code: 'operator_ended' }, forget: true })
    await vi.waitFor(() => expect(socket.closed).toBe(true))
    await vi.waitFor(() => expect(agent.received.map((m) => decodeControl(m.body))).toContainEqual({ type: 'end', reason: 'operator_ended' }))
  })

  it('before the socket was opened', async () => {
    engine.handle(connectCommand(1))
    engine.handle({ type: 'disconnect', ending: { kind: 'ended', code: 'CLOSED' }, forget: true })
    expect((await event('closed')).ending.code).toBe('CLOSED')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(network.sockets).toEqual([])
  })
})
