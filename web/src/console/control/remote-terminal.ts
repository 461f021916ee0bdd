/** The terminal on the customer's PC: one at a time; what it writes goes to one screen, which says when it was shown. */

import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { utf8 } from '../../protocol/bytes'
import { Channel, TERMINAL } from '../../protocol/channels'
import { decode, encode, MAX_SIDE, type ConsoleMessage } from '../../protocol/terminal'
import type { ToolLink } from './tool-link'

/** Characters of one message: none has more than four bytes. */
const PIECE = 4096
/** What a paste may be; the agent ends a terminal whose program does not read. */
export const MAX_PASTE = 64 * 1024

/** `done` is called when the screen has taken the text. */
export type Show = (text: string, done: () => void) => void

export interface TerminalEnd {
  readonly exit: number | null
  /** Why it ended; "": the shell ended by itself. */
  readonly code: string
}

export interface RemoteTerminal {
  allowed: ComputedRef<boolean>
  running: Ref<boolean>
  /** How the last one ended. */
  end: ShallowRef<TerminalEnd | null>
  /** False: there is no connection or no right. `show` gets everything that this terminal writes. */
  open: (cols: number, rows: number, show: Show) => boolean
  type: (text: string) => void
  resize: (cols: number, rows: number) => void
  close: () => void
}

const side = (value: number): number => Math.min(MAX_SIDE, Math.max(1, Math.floor(value)))

/** Pieces without half a surrogate pair at their ends. */
export function pieces(text: string, limit = PIECE): string[] {
  const points = Array.from(text)
  const found: string[] = []
  for (let at = 0; at < points.length; at += limit) found.push(points.slice(at, at + limit).join(''))
  return found
}

export function useRemoteTerminal(link: ToolLink): RemoteTerminal {
  const running = ref(false)
  const end = shallowRef<TerminalEnd | null>(null)
  let terminal = 0
  let shown: Show = () => undefined

  const send = (message: ConsoleMessage): boolean => link.send(Channel.TERMINAL, encode(message))

  function output(of: number, text: string): void {
    const bytes = utf8(text).length
    shown(text, () => {
      if (running.value && of === terminal) send({ type: 'credit', terminal: of, bytes })
    })
  }

  function ended(exit: number | null, code: string): void {
    if (running.value) end.value = { exit, code }
    running.value = false
  }

  function open(cols: number, rows: number, show: Show): boolean {
    if (running.value || !link.rights.value.has(TERMINAL)) return false
    terminal += 1
    shown = show
    end.value = null
    running.value = send({ type: 'open', terminal, cols: side(cols), rows: side(rows) })
    return running.value
  }

  link.listen(Channel.TERMINAL, (body) => {
    const message = decode(body)
    if (message.terminal !== terminal || !running.value) return
    if (message.type === 'output') output(message.terminal, message.text)
    else ended(message.exit, message.code)
  })
  // The agent ends what ran on a link that is gone.
  link.greeted(() => ended(null, 'CONNECTION_LOST'))

  return {
    allowed: computed(() => link.rights.value.has(TERMINAL)),
    running,
    end,
    open,
    type: (text) => {
      if (running.value) for (const piece of pieces(text)) send({ type: 'input', terminal, text: piece })
    },
    resize: (cols, rows) => {
      if (running.value) send({ type: 'resize', terminal, cols: side(cols), rows: side(rows) })
    },
    close: () => {
      if (running.value) send({ type: 'close', terminal })
    },
  }
}
