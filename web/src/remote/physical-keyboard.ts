/** Physical mode: every key goes to the agent as its place on the keyboard; layout and Korean input are the agent's. */

import { HeldKeys, type Keyboard, type KeyEvent } from './keys'

export class PhysicalKeyboard implements Keyboard {
  constructor(private readonly held: HeldKeys) {}

  down(event: KeyEvent): void {
    event.preventDefault()
    this.held.press(event)
  }

  up(event: KeyEvent): void {
    event.preventDefault()
    this.held.lift(event.code)
  }

  shift(): void {
    // Shift went to the agent when it was pressed.
  }
}
