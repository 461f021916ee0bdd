/** What both keyboard modes share: names of keys, and which of them are down at the agent. */

import { isCode, type InputMessage } from '../protocol/input'

/** The part of KeyboardEvent that is used. */
export interface KeyEvent {
  readonly code: string
  readonly key: string
  readonly keyCode: number
  readonly repeat: boolean
  readonly isComposing: boolean
  readonly ctrlKey: boolean
  readonly altKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
  readonly timeStamp: number
  getModifierState(key: string): boolean
  preventDefault(): void
}

export interface Keyboard {
  down(event: KeyEvent): void
  up(event: KeyEvent): void
  /** Whether Shift is held, told before a mouse button acts: in text mode Shift is sent only where it matters. */
  shift(held: boolean): void
}

const MODIFIER = /^(?:Control|Alt|Shift|Meta)(?:Left|Right)$/

export function isModifier(code: string): boolean {
  return MODIFIER.test(code)
}

/** On Windows, AltGr arrives as a made-up ControlLeft and then AltRight, in the same moment. */
const ALTGR_MS = 50

/**
 * The physical key of an event; null if no agent could know it. Korean keyboards name the key beside the space bar by `key`
 * whatever place `code` says (AltRight on a 101-key board), so `key` counts for these two.
 */
export function codeOf(event: Pick<KeyEvent, 'code' | 'key'>): string | null {
  if (event.key === 'HangulMode') return 'Lang1'
  if (event.key === 'HanjaMode') return 'Lang2'
  return isCode(event.code) ? event.code : null
}

/** Keys that are down at the agent, by the `code` of the event that pressed them. */
export class HeldKeys {
  private readonly sent = new Map<string, string>()
  private controlAt = -Infinity

  constructor(private readonly send: (message: InputMessage) => void) {}

  get any(): boolean {
    return this.sent.size > 0
  }

  has(place: string): boolean {
    return this.sent.has(place)
  }

  press(event: Pick<KeyEvent, 'code' | 'key' | 'timeStamp'>): void {
    const code = codeOf(event)
    if (code === null) return
    this.dropMadeUpControl(event)
    // The operator's layout changed while the key was down: it may never come up under its old name.
    if (this.sent.has(event.code) && this.sent.get(event.code) !== code) this.lift(event.code)
    if (code === 'Lang1' || code === 'Lang2') {
      this.tap(code)
      return
    }
    if (event.code === 'ControlLeft' && !this.sent.has('ControlLeft')) this.controlAt = event.timeStamp
    this.sent.set(event.code, code)
    this.send({ type: 'key', code, down: true })
  }

  lift(place: string): void {
    const code = this.sent.get(place)
    this.sent.delete(place)
    if (code !== undefined) this.send({ type: 'key', code, down: false })
    // macOS tells nothing of other keys that come up while Meta is held, also while the agent does not know of this Meta.
    if (place.startsWith('Meta')) this.liftPlainKeys()
  }

  /** Down and up at once: Korean keyboards do not say when these keys come up. */
  tap(code: string): void {
    this.send({ type: 'key', code, down: true })
    this.send({ type: 'key', code, down: false })
  }

  /** To be told of every key that goes down. */
  dropMadeUpControl(event: Pick<KeyEvent, 'code' | 'key' | 'timeStamp'>): void {
    const altGraph = event.code === 'AltRight' && event.key === 'AltGraph'
    if (altGraph && event.timeStamp - this.controlAt <= ALTGR_MS) this.lift('ControlLeft')
  }

  forget(): void {
    this.sent.clear()
  }

  private liftPlainKeys(): void {
    for (const place of [...this.sent.keys()]) if (!isModifier(place)) this.lift(place)
  }
}
