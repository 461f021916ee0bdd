/** The operator's mouse and keyboard on one element of the page -> messages of the input channel. */

import { utf8 } from '../protocol/bytes'
import { MAX_TEXT_BYTES, type InputMessage } from '../protocol/input'
import { HeldKeys, type Keyboard } from './keys'
import { PhysicalKeyboard } from './physical-keyboard'
import { PointerTracker, type Size } from './pointer'
import { TextKeyboard } from './text-keyboard'
import { TouchDriver, type ViewGestures } from './touch-driver'

/** physical: keys by their place on the keyboard. text: what the operator's own layout and input method write. */
export type KeyboardMode = 'physical' | 'text'

export interface InputOptions {
  /** The element that shows the picture. */
  readonly canvas: HTMLElement
  readonly picture: () => Size
  readonly send: (message: InputMessage) => void
}

/** Longer runs make no sense at once and would hold the picture back; the text goes in several messages. */
export function textChunks(text: string): string[] {
  const chunks: string[] = []
  let chunk = ''
  let size = 0
  for (const character of text.replaceAll('\r\n', '\n').replaceAll('\r', '\n')) {
    const length = utf8(character).length
    if (size + length > MAX_TEXT_BYTES) {
      chunks.push(chunk)
      chunk = ''
      size = 0
    }
    chunk += character
    size += length
  }
  return chunk === '' ? chunks : [...chunks, chunk]
}

/** Sends nothing while it is not enabled; the session enables it while the agent lets this operator control. */
export class InputController {
  private readonly held = new HeldKeys((message) => {
    this.send(message)
  })
  private readonly text = new TextKeyboard(this.held, (message) => {
    this.send(message)
  })
  private readonly physical = new PhysicalKeyboard(this.held)
  private readonly pointer: PointerTracker
  private readonly touch: TouchDriver
  private view: ViewGestures | null = null
  private chosen: KeyboardMode = 'physical'
  private allowed = false
  private attached: { element: HTMLElement; field: HTMLTextAreaElement; listeners: AbortController } | null = null

  constructor(private readonly options: InputOptions) {
    this.pointer = new PointerTracker({
      send: (message) => {
        this.send(message)
      },
      box: () => options.canvas.getBoundingClientRect(),
      picture: options.picture,
      ratio: () => window.devicePixelRatio,
      requestFrame: (callback) => requestAnimationFrame(callback),
      cancelFrame: (handle) => {
        cancelAnimationFrame(handle)
      },
    })
    this.touch = new TouchDriver({
      pointer: this.pointer,
      view: () => this.view,
      release: () => { this.release() },
      clock: () => performance.now(),
    })
  }

  get mode(): KeyboardMode {
    return this.chosen
  }

  /** Everything that is down comes up first. */
  set mode(mode: KeyboardMode) {
    if (mode === this.chosen) return
    this.release()
    this.chosen = mode
    if (this.hasFocus()) this.focus()
  }

  get enabled(): boolean {
    return this.allowed
  }

  /** Nothing is sent when it is switched off: the agent releases everything itself when it loses a link or takes the right away. */
  set enabled(enabled: boolean) {
    if (enabled && !this.allowed) this.letGo()
    this.allowed = enabled
    if (!enabled) this.forget()
  }

  /**
   * Listen on `element`, which contains the canvas, can have the focus and gets a hidden text field. Detaches from another.
   * `view` hears what fingers do to the view itself.
   */
  attach(element: HTMLElement, view: ViewGestures | null = null): void {
    this.detach()
    this.view = view
    const field = makeField(element)
    element.append(field)
    const listeners = new AbortController()
    this.attached = { element, field, listeners }
    this.listenPointer(element, listeners.signal)
    this.listenKeys(element, field, listeners.signal)
    this.listenFocus(element, listeners.signal)
  }

  detach(): void {
    if (this.attached === null) return
    this.release()
    this.attached.listeners.abort()
    this.attached.field.remove()
    this.attached = null
  }

  /** All keys go down in this order and up in the opposite one. */
  sendCombination(codes: readonly string[]): void {
    for (const code of codes) this.send({ type: 'key', code, down: true })
    for (const code of [...codes].reverse()) this.send({ type: 'key', code, down: false })
  }

  /** Types the text at the agent, whatever the keyboard mode is. */
  sendText(text: string): void {
    for (const chunk of textChunks(text)) this.send({ type: 'text', text: chunk })
  }

  /** Every key and button comes up at the agent. */
  release(): void {
    if (this.held.any || this.pointer.pressed) this.send({ type: 'release' })
    this.forget()
  }

  private forget(): void {
    this.letGo()
    this.text.reset()
    if (this.attached !== null) this.attached.field.value = ''
  }

  /** What was pressed until now, the agent does not hold (any more). */
  private letGo(): void {
    this.held.forget()
    this.pointer.reset()
    this.touch.reset()
  }

  private send(message: InputMessage): void {
    if (this.allowed) this.options.send(message)
  }

  private get keyboard(): Keyboard {
    return this.chosen === 'text' ? this.text : this.physical
  }

  private listenPointer(element: HTMLElement, signal: AbortSignal): void {
    const options = { signal, passive: false }
    for (const name of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel'] as const) {
      element.addEventListener(name, (event) => { this.pointerEvent(event, element) }, options)
    }
    element.addEventListener('wheel', (event) => {
      event.preventDefault()
      this.pointer.scroll(event)
    }, options)
    // The menu, dragging of the picture, and going back by the mouse's side buttons.
    for (const name of ['contextmenu', 'dragstart', 'auxclick', 'mouseup', 'mousedown']) {
      element.addEventListener(name, (event) => { event.preventDefault() }, options)
    }
  }

  private pointerEvent(event: PointerEvent, element: HTMLElement): void {
    if (event.type === 'pointerdown') this.pointerDown(event, element)
    if (event.pointerType === 'touch') this.touch.handle(event)
    else if (event.type === 'pointermove') this.pointer.move(event)
    else if (event.type === 'pointerdown') this.pointer.press(event)
    else if (event.type === 'pointerup') this.pointer.button(event)
    else this.release()
  }

  private pointerDown(event: PointerEvent, element: HTMLElement): void {
    element.setPointerCapture(event.pointerId)
    this.moveField(event, element)
    this.focus()
    this.keyboard.shift(event.shiftKey)
  }

  private listenKeys(element: HTMLElement, field: HTMLTextAreaElement, signal: AbortSignal): void {
    element.addEventListener('keydown', (event) => { this.keyboard.down(event) }, { signal })
    element.addEventListener('keyup', (event) => { this.keyboard.up(event) }, { signal })
    field.addEventListener('compositionstart', () => { this.text.compositionStart() }, { signal })
    field.addEventListener('compositionend', (event) => {
      this.text.compositionEnd(event.data)
      this.clearLater(field)
    }, { signal })
    field.addEventListener('beforeinput', (event) => { this.text.beforeInput(event) }, { signal })
    field.addEventListener('input', () => { this.clearLater(field) }, { signal })
  }

  /** Not at once: a browser may begin the next syllable right after the last one, and its text must stay untouched. */
  private clearLater(field: HTMLTextAreaElement): void {
    setTimeout(() => {
      if (!this.text.isComposing) field.value = ''
    }, 0)
  }

  private listenFocus(element: HTMLElement, signal: AbortSignal): void {
    element.addEventListener('focus', () => { this.focus() }, { signal })
    element.addEventListener('focusout', (event) => {
      if (!element.contains(event.relatedTarget as Node | null)) this.release()
    }, { signal })
    window.addEventListener('blur', () => { this.release() }, { signal })
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') this.release()
    }, { signal })
  }

  private hasFocus(): boolean {
    return this.attached?.element.contains(document.activeElement) ?? false
  }

  private focus(): void {
    if (this.attached === null) return
    const target = this.chosen === 'text' ? this.attached.field : this.attached.element
    if (document.activeElement !== target) target.focus({ preventScroll: true })
  }

  /** The window of an input method opens where the operator clicked. */
  private moveField(event: PointerEvent, element: HTMLElement): void {
    const box = element.getBoundingClientRect()
    const style = this.attached?.field.style
    style?.setProperty('left', `${Math.max(event.clientX - box.left, 0)}px`)
    style?.setProperty('top', `${Math.max(event.clientY - box.top, 0)}px`)
  }
}

function makeField(element: HTMLElement): HTMLTextAreaElement {
  const field = document.createElement('textarea')
  field.tabIndex = -1
  field.autocomplete = 'off'
  field.spellcheck = false
  field.setAttribute('autocapitalize', 'off')
  field.setAttribute('autocorrect', 'off')
  field.setAttribute('aria-label', element.getAttribute('aria-label') ?? '')
  Object.assign(field.style, {
    position: 'absolute', left: '0', top: '0', width: '1px', height: '1em', padding: '0', border: '0', margin: '0',
    opacity: '0', resize: 'none', overflow: 'hidden', pointerEvents: 'none', outline: 'none', caretColor: 'transparent',
  })
  element.style.touchAction = 'none'
  return field
}
