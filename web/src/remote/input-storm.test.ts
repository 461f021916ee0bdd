/**
 * No stuck key: random operators, two thousand of them, against an agent that remembers what it was told to press.
 *
 * After each loss of the focus, of the link or of the view nothing is down at the agent, and no button comes back without being
 * pressed anew. When the operator's hand has let go of everything in front of the view, nothing is down either, without any release.
 */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { InputMessage } from '../protocol/input'
import { InputController } from './input'
import { event, FakePage, generator } from './testing-page'

const RUNS = 2000
const STEPS = 60
const SEED = 20_261_123

/** [code, key]: letters, modifiers of both sides, Korean keys in their disguises, AltGr, and what no agent knows. */
const KEYS = [
  ['KeyA', 'a'], ['KeyA', 'ㅁ'], ['KeyC', 'c'], ['Enter', 'Enter'], ['Tab', 'Tab'], ['ArrowLeft', 'ArrowLeft'], ['F5', 'F5'],
  ['ShiftLeft', 'Shift'], ['ShiftRight', 'Shift'], ['ControlLeft', 'Control'], ['ControlRight', 'Control'], ['AltLeft', 'Alt'],
  ['AltRight', 'Alt'], ['AltRight', 'AltGraph'], ['AltRight', 'HangulMode'], ['ControlRight', 'HanjaMode'], ['Lang1', 'HangulMode'],
  ['MetaLeft', 'Meta'], ['MetaRight', 'Meta'], ['CapsLock', 'CapsLock'], ['Space', 'Process'], ['Backspace', 'Backspace'],
  ['', 'Unidentified'], ['Weird-Key', 'x'],
] as const
const MODIFIERS = /^(?:Control|Alt|Shift|Meta)/

/** What agent/platform/tracked.py does with the messages. */
class ModelAgent {
  readonly keys = new Set<string>()
  buttons = 0
  linked = true

  hear(message: InputMessage): void {
    if (!this.linked) return
    if (message.type === 'release') this.release()
    else if (message.type === 'pointer') this.buttons = message.buttons
    else if (message.type === 'key' && message.down) this.keys.add(message.code)
    else if (message.type === 'key') this.keys.delete(message.code)
  }

  release(): void {
    this.keys.clear()
    this.buttons = 0
  }

  get down(): string {
    return [...this.keys, ...(this.buttons === 0 ? [] : [`buttons ${String(this.buttons)}`])].join(' ')
  }
}

/** One operator: hands, a browser, and a network that comes and goes. */
class Operator {
  readonly agent = new ModelAgent()
  readonly page = new FakePage()
  readonly trace: string[] = []
  private readonly random: () => number
  private readonly input: InputController
  /** `code` of each key that a finger is on -> its name. */
  private readonly keys = new Map<string, string>()
  private readonly fingers = new Set<number>()
  private readonly isMac: boolean
  private buttons = 0
  /** Of `buttons` and `fingers`, those that came down after the last loss. */
  private fresh = { buttons: 0, fingers: new Set<number>() }
  /** False while another window is in front. */
  private inFront = true
  private now = 0

  constructor(seed: number) {
    this.random = generator(seed)
    this.isMac = this.chance(0.3)
    this.page.install()
    this.input = new InputController({
      canvas: this.page.stage as unknown as HTMLElement,
      picture: () => ({ width: 1280, height: 800 }),
      send: (message) => {
        this.agent.hear(message)
      },
    })
    this.attach()
    this.input.enabled = true
    this.page.stage.focus()
  }

  private readonly steps: readonly [number, () => void][] = [
    [16, () => { this.keyDown() }],
    [12, () => { this.keyUp() }],
    [4, () => { this.letGo() }],
    [10, () => { this.mouse() }],
    [10, () => { this.touch() }],
    [4, () => { this.pointerEvent('wheel', { deltaX: this.below(300), deltaY: this.below(300), deltaMode: this.below(3) }) }],
    [6, () => { this.write() }],
    [4, () => { this.input.sendCombination(['ControlLeft', 'AltLeft', 'Delete']) }],
    [2, () => { this.input.sendText('가나') }],
    [6, () => { this.page.frame() }],
    [6, () => { this.pass(this.below(700)) }],
    [3, () => { this.blur() }],
    [3, () => { this.page.stage.focus() }],
    [3, () => { this.leave() }],
    [2, () => { this.hide() }],
    [3, () => { this.switchMode() }],
    [3, () => { this.loseLink() }],
    [4, () => { this.mend() }],
    [1, () => { this.reopen() }],
  ]

  run(): void {
    for (let i = 0; i < STEPS; i += 1) {
      this.step()
      this.noButtonComesBack()
    }
    this.letGo()
    this.input.detach()
    this.nothingIsDown('the end')
  }

  private step(): void {
    let at = this.random() * this.steps.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, act] of this.steps) {
      at -= weight
      if (at < 0) {
        act()
        return
      }
    }
  }

  private attach(): void {
    this.input.attach(this.page.stage as unknown as HTMLElement)
  }

  private nothingIsDown(when: string): void {
    this.trace.push(`-- ${when}`)
    expect(this.agent.down, this.trace.join('\n')).toBe('')
    this.fresh = { buttons: 0, fingers: new Set() }
  }

  private noButtonComesBack(): void {
    const wanted = this.fresh.buttons | Number(this.fresh.fingers.size > 0)
    expect(this.agent.buttons & ~wanted, this.trace.join('\n')).toBe(0)
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  private chance(probability: number): boolean {
    return this.random() < probability
  }

  private pass(ms: number): void {
    this.now += ms
    vi.advanceTimersByTime(ms)
  }

  private get hears(): boolean {
    return this.inFront && this.page.stage.contains(this.page.activeElement)
  }

  // --- keys ---------------------------------------------------------------------------------------------------------

  private keyDown(): void {
    const [code, key] = KEYS[this.below(KEYS.length)]!
    const repeat = this.keys.has(code)
    this.keys.set(code, key)
    if (key === 'AltGraph' && this.chance(0.5)) this.keyEvent('keydown', 'ControlLeft', 'Control')
    this.keyEvent('keydown', code, key, repeat)
    if (key === 'AltGraph') this.keyEvent('keyup', 'ControlLeft', 'Control')
  }

  private keyUp(): void {
    const codes = [...this.keys.keys()]
    if (codes.length > 0) this.lift(codes[this.below(codes.length)]!)
  }

  private lift(code: string): void {
    const key = this.keys.get(code) ?? ''
    this.keys.delete(code)
    // Korean keyboards tell nothing of these two; macOS nothing of plain keys while Meta is down.
    if (key === 'HangulMode' || key === 'HanjaMode') return
    const metaHeld = this.keys.has('MetaLeft') || this.keys.has('MetaRight')
    if (!(this.isMac && metaHeld && !MODIFIERS.test(code))) this.keyEvent('keyup', code, key)
  }

  private keyEvent(type: string, code: string, key: string, repeat = false): void {
    this.trace.push(`${type} ${code}/${key}${this.hears ? '' : ' (elsewhere)'}`)
    if (!this.hears) return
    const held = (name: string): boolean => this.keys.has(`${name}Left`) || this.keys.has(`${name}Right`)
    this.page.stage.dispatchEvent(
      event(type, {
        code, key, repeat, keyCode: key === 'Process' ? 229 : 0, isComposing: false, timeStamp: this.now,
        ctrlKey: held('Control'), altKey: held('Alt'), metaKey: held('Meta'), shiftKey: held('Shift'),
        getModifierState: (state: string) => state === 'AltGraph' && this.keys.get('AltRight') === 'AltGraph',
      }),
    )
  }

  /** What an input method and the browser tell the text field. */
  private write(): void {
    const kind = this.below(4)
    this.trace.push(`write ${String(kind)}`)
    if (!this.hears) return
    const text = { isComposing: false, data: '가', inputType: kind === 0 ? 'insertText' : 'insertLineBreak' }
    if (kind < 2) this.page.field?.dispatchEvent(event('beforeinput', text))
    else if (kind === 2) this.page.field?.dispatchEvent(event('compositionstart', {}))
    else this.page.field?.dispatchEvent(event('compositionend', { data: '각' }))
  }

  // --- mouse and fingers --------------------------------------------------------------------------------------------

  private mouse(): void {
    const bit = 1 << this.below(5)
    const before = this.buttons
    if (this.fingers.size > 0) return
    if (this.chance(0.6)) this.buttons ^= bit
    this.fresh.buttons = (this.fresh.buttons | (this.buttons & ~before)) & this.buttons
    const type = before === 0 && this.buttons !== 0 ? 'pointerdown' : before !== 0 && this.buttons === 0 ? 'pointerup' : 'pointermove'
    // A button that is pressed in front of another window is that window's.
    if (type === 'pointerdown' && !this.inFront) this.buttons = 0
    else this.pointerEvent(type, { pointerId: 1 })
  }

  private touch(): void {
    const id = 10 + this.below(3)
    // Nobody drags with the mouse and with a finger at once.
    if (!this.inFront || this.buttons !== 0) return
    if (!this.fingers.has(id)) {
      this.fingers.add(id)
      this.fresh.fingers.add(id)
      this.pointerEvent('pointerdown', { pointerId: id, pointerType: 'touch' })
    } else if (this.chance(0.6)) this.pointerEvent('pointermove', { pointerId: id, pointerType: 'touch' })
    else this.liftFinger(id, this.chance(0.3) ? 'pointercancel' : 'pointerup')
  }

  private liftFinger(id: number, type: string): void {
    this.fingers.delete(id)
    this.fresh.fingers.delete(id)
    this.pointerEvent(type, { pointerId: id, pointerType: 'touch' })
    if (type === 'pointercancel') this.nothingIsDown('cancelled')
  }

  private pointerEvent(type: string, extra: Record<string, unknown>): void {
    const place = { clientX: this.below(640), clientY: this.below(400), shiftKey: this.keys.has('ShiftLeft') }
    const buttons = extra.pointerType === 'touch' ? Number(type !== 'pointerup') : this.buttons
    this.trace.push(`${type} ${JSON.stringify({ buttons, ...extra })}`)
    if (type === 'pointerdown') this.inFront = true
    this.page.stage.dispatchEvent(event(type, { pointerType: 'mouse', buttons, ...place, ...extra }))
  }

  /** Hands off. Only what was lost while the view did not hear is released by the loss of the focus. */
  private letGo(): void {
    for (const id of [...this.fingers]) this.liftFinger(id, 'pointerup')
    // The modifiers last: macOS would not tell of the others.
    for (const code of [...this.keys.keys()].sort((a, b) => Number(MODIFIERS.test(a)) - Number(MODIFIERS.test(b)))) this.lift(code)
    const held = this.buttons !== 0
    this.buttons = 0
    if (held) this.pointerEvent('pointerup', { pointerId: 1 })
    this.nothingIsDown('hands off')
  }

  // --- what takes the view away -------------------------------------------------------------------------------------

  private blur(): void {
    this.trace.push('blur')
    if (!this.inFront) return void (this.inFront = true)
    this.inFront = false
    this.page.window.dispatchEvent(new Event('blur'))
    this.nothingIsDown('blur')
  }

  private leave(): void {
    const had = this.page.stage.contains(this.page.activeElement)
    this.page.elsewhere.focus()
    if (had) this.nothingIsDown('focus elsewhere')
  }

  private hide(): void {
    this.trace.push('hidden')
    this.page.visibilityState = 'hidden'
    this.page.dispatchEvent(new Event('visibilitychange'))
    this.nothingIsDown('hidden')
    this.page.visibilityState = 'visible'
  }

  private switchMode(): void {
    this.input.mode = this.input.mode === 'text' ? 'physical' : 'text'
    this.nothingIsDown(`mode ${this.input.mode}`)
  }

  /** The agent notices at once, the console some steps later. */
  private loseLink(): void {
    this.trace.push('link lost')
    this.agent.linked = false
    this.agent.release()
    this.nothingIsDown('at the agent')
    if (this.chance(0.5)) this.input.enabled = false
  }

  private mend(): void {
    if (this.agent.linked) return
    if (this.input.enabled) this.input.enabled = false
    this.agent.linked = true
    this.input.enabled = true
    this.nothingIsDown('link is back')
  }

  private reopen(): void {
    this.input.detach()
    this.nothingIsDown('detached')
    this.attach()
    this.page.stage.focus()
  }
}

describe('no stuck key', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it(`in ${String(RUNS)} storms of keys, buttons, fingers, text, focus and links`, () => {
    for (let run = 0; run < RUNS; run += 1) new Operator(SEED + run).run()
  }, 60_000)
})
