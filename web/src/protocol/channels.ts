/** Channels inside one encrypted link: who may use which, and which are padded (docs/protocol.md, "Channels"). */

/** Wire value of the channel byte of a frame. */
export const Channel = {
  CONTROL: 0,
  SCREEN: 1,
  INPUT: 2,
  CHAT: 3,
  FILES: 4,
  AUDIO: 5,
  DRAWING: 6,
  CLIPBOARD: 7,
  EXEC: 8,
  INFO: 9,
  REBOOT: 19,
  TERMINAL: 20,
  PRINTING: 16,
  SEAT: 21,
  SHARE: 17,
} as const
export type Channel = (typeof Channel)[keyof typeof Channel]

const CHANNELS: ReadonlySet<number> = new Set(Object.values(Channel))

export function isChannel(value: number): value is Channel {
  return CHANNELS.has(value)
}

/** Their messages are padded to a multiple of PAD_BLOCK: lengths of key strokes, words and pasted text say too much. */
export const PADDED: ReadonlySet<Channel> = new Set([
  Channel.CONTROL,
  Channel.INPUT,
  Channel.CHAT,
  Channel.CLIPBOARD,
  Channel.REBOOT,
  Channel.TERMINAL,
])

export const PAD_BLOCK = 64

/** Rights that the customer's consent gives to a session; the agent checks them for each message. */
export const VIEW = 'view'
export const CONTROL = 'control'
export const CLIPBOARD = 'clipboard'
export const CHAT = 'chat'
export const INFORMATION = 'information'
export const URL_PUSH = 'url'
export const COMMAND = 'command'
export const FILES = 'files'
export const DRAW = 'draw'
export const TERMINAL = 'terminal'
export const REBOOT = 'reboot'
export const PRINT = 'print'
export const SHARE = 'share'
