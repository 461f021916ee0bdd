/**
 * Text mode: what the operator's own layout and input method compose goes to the agent as text; keys that write nothing, and
 * combinations, go as physical keys.
 *
 * Events come from a hidden text field. Only two of them carry text: `compositionend` (what an input method has finished) and
 * `beforeinput` outside of a composition. Key events of an input method (keyCode 229) and `insertCompositionText` are never
 * looked at, so the key that begins a syllable cannot arrive twice, whatever order a browser chooses.
 */

import type { InputMessage } from '../protocol/input'
import { isModifier, type HeldKeys, type Keyboard, type KeyEvent } from './keys'

/** The part of InputEvent that is used. */
export interface TextEvent {
  readonly inputType: string
  readonly data: string | null
  readonly isComposing: boolean
  readonly dataTransfer?: { getData(type: string): string } | null
  preventDefault(): void
}

/** keyCode of every key event that an input method has taken for itself. */
const TAKEN_BY_IME = 229

/** Keys of the operator's own keyboard and input method; they do nothing at the agent. */
const LOCAL_KEYS: ReadonlySet<string> = new Set([
  'HangulMode', 'HanjaMode', 'JunjaMode', 'KanjiMode', 'KanaMode', 'Convert', 'NonConvert', 'ModeChange', 'Compose', 'Dead', 'Process',
  'AltGraph', 'CapsLock', 'NumLock', 'ScrollLock', 'Unidentified',
])

const TEXT_INPUT: ReadonlySet<string> = new Set(['insertText', 'insertReplacementText', 'insertFromPaste', 'insertFromDrop', 'insertFromYank'])
const KEY_OF_INPUT: ReadonlyMap<string, string> = new Map([
  ['insertLineBreak', 'Enter'],
  ['insertParagraph', 'Enter'],
  ['deleteContentBackward', 'Backspace'],
  ['deleteContentForward', 'Delete'],
])

export class TextKeyboard implements Keyboard {
  private composing = false
  /** The Shift key that is down here and that the agent does not know of yet. */
  private shiftKey: KeyEvent | null = null

  constructor(
    private readonly held: HeldKeys,
    private readonly send: (message: InputMessage) => void,
  ) {}

  get isComposing(): boolean {
    return this.composing
  }

  down(event: KeyEvent): void {
    if (event.isComposing || event.keyCode === TAKEN_BY_IME) return
    if (event.code.startsWith('Shift')) {
      this.shiftKey = event
      return
    }
    this.held.dropMadeUpControl(event)
    if (LOCAL_KEYS.has(event.key) || writes(event)) {
      // It may be down at the agent as part of a combination that is over, such as Ctrl+A with Ctrl up again.
      this.held.lift(event.code)
      return
    }
    event.preventDefault()
    if (!isModifier(event.code)) this.shift(event.shiftKey)
    this.held.press(event)
  }

  up(event: KeyEvent): void {
    if (event.code === this.shiftKey?.code) this.shiftKey = null
    this.held.lift(event.code)
  }

  shift(held: boolean): void {
    if (held && this.shiftKey !== null && !this.held.has(this.shiftKey.code)) this.held.press(this.shiftKey)
  }

  compositionStart(): void {
    this.composing = true
  }

  compositionEnd(data: string): void {
    this.composing = false
    this.text(data)
  }

  beforeInput(event: TextEvent): void {
    if (this.composing || event.isComposing) return
    const key = KEY_OF_INPUT.get(event.inputType)
    if (key !== undefined) this.held.tap(key)
    else if (TEXT_INPUT.has(event.inputType)) this.text(event.data ?? event.dataTransfer?.getData('text/plain') ?? '')
    else return
    event.preventDefault()
  }

  /** The composition is given up, for example because the view lost the focus. */
  reset(): void {
    this.composing = false
    this.shiftKey = null
  }

  /** A Shift that the agent holds would change how it types the text. */
  private text(text: string): void {
    if (text === '') return
    this.held.lift('ShiftLeft')
    this.held.lift('ShiftRight')
    this.send({ type: 'text', text })
  }
}

/** Whether the key, with the modifiers that are down, writes a character of the operator's layout. */
function writes(event: KeyEvent): boolean {
  const oneCharacter = [...event.key].length === 1
  const combination = (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState('AltGraph')
  return oneCharacter && !combination
}
