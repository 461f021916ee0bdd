/** When a session connects, waits, tries again and gives up. The engine is played by the test; time is advanced. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Channel } from '../protocol/channels'
import { decode as decodeControl, type Identity } from '../protocol/control'
import { decode as decodeInput } from '../protocol/input'
import { decodeViewer } from '../protocol/screen'
import type { EndingKind } from './endings'
import type { Command, ConnectCommand, EngineEvent, EngineOutput } from './engine'
import { RemoteSession, type ControlTicket, type SessionState } from './session'
import { SID } from './testing'

const PEER: Identity = { kind: 'one_time', name: 'PC', version: '1', key: '', host: 'PC', user: '', os: '', os_version: '' }
const TICKET: ControlTicket = { ticket: 'T', sid: SID, viewer: 'v', path: '/ws/relay' }
const RTT_AND_ALL = { permissions: ['view', 'control'], sasPolicy: 'shown', trust: 'unverified', resumed: false } as const

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code)
  }
}

class Stage {
  readonly commands: Command[] = []
  readonly states: string[] = []
  readonly tickets: (ControlTicket | Error)[] = []
  readonly canvas = { style: { cursor: '' } } as HTMLCanvasElement
  asked = 0
  terminated = 0
  answersAlive = true
  online: () => void = () => undefined
  private listen: (output: EngineOutput) => void = () => undefined
  private now = 0
  readonly session: RemoteSession

  constructor() {
    this.session = new RemoteSession(
      {
        sessionId: 's', canvas: this.canvas, operatorName: '김상담', version: '1',
        openControl: () => {
          this.asked += 1
          const next = this.tickets.shift() ?? TICKET
          return next instanceof Error ? Promise.reject(next) : Promise.resolve(next)
        },
        isAgentOnline: () => new Promise((resolve) => { this.online = resolve }),
      },
      {
        openBackend: (_, listen) => {
          this.listen = listen
          return { post: (command) => { this.hear(command) }, terminate: () => { this.terminated += 1 } }
        },
        operatorKey: () => Promise.resolve({} as CryptoKeyPair),
        clock: () => (this.now += 1),
        random: () => 0.5,
        socketUrl: (path) => `wss://host${path}`,
        log: () => undefined,
      },
    )
    this.session.on('state', ({ state, code }) => this.states.push(code === undefined ? state : `${state} ${code}`))
  }

  private hear(command: Command): void {
    if (command.type !== 'alive') this.commands.push(command)
    else if (this.answersAlive) this.listen({ type: 'alive' })
  }

  get connects(): ConnectCommand[] {
    return this.commands.filter((command) => command.type === 'connect')
  }

  sent(channel: Channel): Uint8Array<ArrayBuffer>[] {
    return this.commands.flatMap((c) => (c.type === 'send' && c.channel === channel ? [c.body] : []))
  }

  event(event: EngineEvent, link = this.connects.length): void {
    this.listen({ type: 'event', link, event })
  }

  raw(output: EngineOutput): void {
    this.listen(output)
  }

  closed(kind: EndingKind, code: string): void {
    this.event({ type: 'closed', ending: { kind, code } })
  }

  async start(): Promise<void> {
    this.session.start()
    await this.pass(0)
  }

  async open(): Promise<void> {
    this.event({ type: 'paired' })
    this.event({ type: 'established', peer: PEER, sas: '123456', resumed: false })
    this.event({ type: 'welcome', ...RTT_AND_ALL })
    await this.pass(0)
  }

  async pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms)
  }
}

let stage: Stage

beforeEach(() => {
  vi.useFakeTimers()
  stage = new Stage()
})

afterEach(() => {
  stage.session.close()
  vi.useRealTimers()
})

describe('opening', () => {
  it('asks for a control, connects with its ticket and becomes open', async () => {
    await stage.start()
    expect(stage.connects[0]).toMatchObject({ link: 1, url: 'wss://host/ws/relay', ticket: 'T', sid: SID, operatorName: '김상담' })
    await stage.open()
    expect(stage.states).toEqual(['connecting', 'securing', 'open'])
  })

  it('RC-CAPMODE, RC-QUALITY, OP-SET-CURSOR: tells the agent the view that is wanted, once for each link', async () => {
    stage.session.setView({ capture: 'compatible', cursor: false, quality: 'economy', colours: 'grey', monitor: 1 })
    stage.session.setPaused(true)
    await stage.start()
    await stage.open()
    stage.session.setView({ capture: 'compatible', cursor: false, quality: 'economy', colours: 'grey', monitor: 1 })
    expect(stage.sent(Channel.SCREEN).map((body) => decodeViewer(body))).toEqual([
      { type: 'view', capture: 'compatible', cursor: false, quality: 'economy', colours: 'grey', monitor: 1 },
      { type: 'pause', paused: true },
    ])
  })

  it('RC-ST-RES: passes on who is there, the lock state, the size, statistics and the first picture once', async () => {
    const heard: unknown[] = []
    for (const name of ['peer', 'trust', 'geometry', 'stats', 'firstPicture'] as const) stage.session.on(name, (value) => heard.push([name, value]))
    await stage.start()
    await stage.open()
    stage.event({ type: 'geometry', width: 10, height: 20, monitors: [], shown: -1 })
    stage.event({ type: 'rtt', ms: 5 })
    stage.event({ type: 'stats', stats: { latency_ms: 12, fps: 30, kbit_s: 100, capture: 'fast', codec: 'vp8', width: 10, height: 20 } })
    stage.event({ type: 'pictured' })
    stage.event({ type: 'pictured' })
    expect(heard).toEqual([
      ['peer', PEER],
      ['trust', { trust: 'unverified', sas: '123456', sasPolicy: 'shown', permissions: ['view', 'control'], resumed: false }],
      ['geometry', { width: 10, height: 20, monitors: [], shown: -1 }],
      ['stats', { latencyMs: 12, rttMs: 5, fps: 30, kbitS: 100, capture: 'fast', codec: 'vp8', width: 10, height: 20 }],
      ['firstPicture', expect.any(Number)],
    ])
  })
})

describe('the right to control', () => {
  const press = (): void => {
    stage.session.input.sendCombination(['Escape'])
  }

  it('is used only after the agent granted it', async () => {
    await stage.start()
    press()
    stage.event({ type: 'established', peer: PEER, sas: '1', resumed: false })
    press()
    expect(stage.sent(Channel.INPUT)).toEqual([])
    stage.event({ type: 'welcome', ...RTT_AND_ALL })
    press()
    expect(stage.sent(Channel.INPUT).map((body) => decodeInput(body))).toEqual([
      { type: 'key', code: 'Escape', down: true }, { type: 'key', code: 'Escape', down: false },
    ])
  })

  it('RC-CAD: sends Ctrl+Alt+Del as three keys that come up in the opposite order', async () => {
    await stage.start()
    await stage.open()
    stage.session.input.sendCombination(['ControlLeft', 'AltLeft', 'Delete'])
    const keys = stage.sent(Channel.INPUT).map((body) => decodeInput(body))
    expect(keys.map((m) => (m.type === 'key' ? `${m.code} ${m.down ? 'down' : 'up'}` : m.type))).toEqual([
      'ControlLeft down', 'AltLeft down', 'Delete down', 'Delete up', 'AltLeft up', 'ControlLeft up',
    ])
  })

  it.each([
    ['view only', { ...RTT_AND_ALL, permissions: ['view'] }],
    ['a number that is required and not typed yet', { ...RTT_AND_ALL, sasPolicy: 'required' as const }],
  ])('is not there with %s', async (_, welcome) => {
    await stage.start()
    await stage.open()
    stage.event({ type: 'welcome', ...welcome })
    press()
    expect(stage.sent(Channel.INPUT)).toEqual([])
  })
})

describe('a lost link', () => {
  it('is made anew after a short wait, with a new ticket; a late event of the old one is ignored', async () => {
    await stage.start()
    await stage.open()
    stage.closed('retry', 'CONNECTION_LOST')
    expect(stage.states.at(-1)).toBe('reconnecting CONNECTION_LOST')
    await stage.pass(299)
    expect(stage.connects).toHaveLength(1)
    await stage.pass(1)
    expect(stage.connects).toHaveLength(2)
    stage.event({ type: 'closed', ending: { kind: 'failed', code: 'LATE' } }, 1)
    await stage.open()
    expect(stage.states.slice(3)).toEqual(['reconnecting CONNECTION_LOST', 'open'])
  })

  it('waits longer each time, five seconds at most, and shortly again after a success', async () => {
    await stage.start()
    const waits: number[] = []
    for (let i = 0; i < 6; i += 1) {
      stage.closed('retry', 'AGENT_ABSENT')
      const before = stage.connects.length
      let waited = 0
      while (stage.connects.length === before) {
        await stage.pass(50)
        waited += 50
      }
      waits.push(waited)
    }
    expect(waits).toEqual([300, 550, 1050, 2050, 2550, 2550])
    await stage.open()
    stage.closed('retry', 'CONNECTION_LOST')
    await stage.pass(300)
    expect(stage.connects).toHaveLength(8)
  })

  it('is tried at once without the secret when the agent refused it', async () => {
    await stage.start()
    await stage.open()
    stage.closed('resume_refused', 'AGENT_GONE')
    await stage.pass(0)
    expect(stage.connects).toHaveLength(2)
  })

  it('waits for the agent when the server says that it is offline', async () => {
    stage.tickets.push(new Refusal(409, 'AGENT_OFFLINE'))
    await stage.start()
    await stage.pass(60_000)
    expect([stage.asked, stage.connects.length]).toEqual([1, 0])
    stage.online()
    await stage.pass(0)
    expect([stage.asked, stage.connects.length]).toEqual([2, 1])
  })

  it.each([[0, 'NETWORK'], [500, 'INTERNAL_ERROR'], [503, 'SERVER_BUSY'], [429, 'TOO_MANY']])('is tried again after %d %s', async (status, code) => {
    stage.tickets.push(new Refusal(status, code))
    await stage.start()
    await stage.pass(300)
    expect(stage.connects).toHaveLength(1)
  })

  it.each([[409, 'SESSION_STATE'], [401, 'LOGIN_REQUIRED'], [403, 'FORBIDDEN'], [404, 'NOT_FOUND']])('is given up after %d %s', async (status, code) => {
    stage.tickets.push(new Refusal(status, code))
    await stage.start()
    await stage.pass(60_000)
    expect(stage.states).toEqual(['connecting', `failed ${code}`])
    expect([stage.asked, stage.terminated]).toEqual([1, 1])
  })
})

describe('the end', () => {
  it.each<[EndingKind, SessionState]>([['ended', 'ended'], ['failed', 'failed']])('%s is final', async (kind, state) => {
    await stage.start()
    await stage.open()
    stage.closed(kind, 'WHY')
    await stage.pass(60_000)
    expect(stage.states.at(-1)).toBe(`${state} WHY`)
    expect([stage.asked, stage.terminated]).toEqual([1, 1])
  })

  it('by the operator is told to the agent first', async () => {
    await stage.start()
    await stage.open()
    stage.session.end()
    expect(stage.sent(Channel.CONTROL).map((body) => decodeControl(body))).toEqual([{ type: 'end', reason: 'operator_ended' }])
    expect(stage.commands.at(-1)).toEqual({ type: 'disconnect', ending: { kind: 'ended', code: 'operator_ended' }, forget: true })
    expect(stage.states.at(-1)).toBe('ended operator_ended')
  })

  it('closing the view ends nothing and says nothing', async () => {
    await stage.start()
    await stage.open()
    const before = [...stage.states]
    stage.session.close()
    await stage.pass(60_000)
    expect(stage.sent(Channel.CONTROL)).toEqual([])
    expect([stage.states, stage.terminated]).toEqual([before, 1])
  })

  it('comes when the engine does not answer for six questions', async () => {
    await stage.start()
    await stage.open()
    await stage.pass(60_000)
    expect(stage.states.at(-1)).toBe('open')
    stage.answersAlive = false
    await stage.pass(14_000)
    expect(stage.states.at(-1)).toBe('failed ENGINE_STALLED')
  })

  it('comes when the thread of the engine breaks', async () => {
    await stage.start()
    stage.raw({ type: 'broken' })
    expect(stage.states.at(-1)).toBe('failed INTERNAL')
  })
})

describe('RC-SHOT: a screenshot', () => {
  it('is there only after the first picture', async () => {
    await stage.start()
    await stage.open()
    await expect(stage.session.screenshot()).resolves.toBeNull()
    expect(stage.commands.some((command) => command.type === 'shot')).toBe(false)
  })

  it('comes to the one who asked, in order', async () => {
    await stage.start()
    await stage.open()
    stage.event({ type: 'pictured' })
    const [one, two] = [stage.session.screenshot(), stage.session.screenshot()]
    const png = new Blob(['1'])
    stage.raw({ type: 'shot', png })
    stage.raw({ type: 'shot', png: null })
    await expect(one).resolves.toBe(png)
    await expect(two).resolves.toBeNull()
  })

  it('is not waited for after the end', async () => {
    await stage.start()
    await stage.open()
    stage.event({ type: 'pictured' })
    const waiting = stage.session.screenshot()
    stage.session.end()
    await expect(waiting).resolves.toBeNull()
  })
})
