/**
 * Channel 20: a shell in a terminal on the customer's PC. `type u8 | terminal u32 | body`; one terminal at a time.
 *
 *     0x01 OPEN     console -> agent: cols u16, rows u16: starts the login shell of the customer's user
 *     0x02 INPUT    console -> agent: UTF-8, 1 to MAX_INPUT_BYTES bytes: what was typed or pasted
 *     0x03 RESIZE   console -> agent: cols u16, rows u16
 *     0x04 CREDIT   console -> agent: u32: so many bytes of output have been shown
 *     0x05 CLOSE    console -> agent: empty: ends the shell and what it started
 *     0x11 OUTPUT   agent -> console: UTF-8, 1 to MAX_OUTPUT_BYTES bytes, control characters and escape sequences included
 *     0x12 CLOSED   agent -> console: {"exit", "code"}: once for each OPEN; `exit` null: there is none; `code` "" or why it ended
 */

import { concat, utf8, viewOf, type Bytes } from './bytes'
import { LocalProtocolError, RemoteProtocolError } from './errors'
import { integer, loadObject, nullable, object, required, text } from './messages'

const BAD = 'BAD_TERMINAL'
const OPEN = 0x01
const INPUT = 0x02
const RESIZE = 0x03
const CREDIT = 0x04
const CLOSE = 0x05
const OUTPUT = 0x11
const CLOSED = 0x12
const HEAD_BYTES = 5

export const MAX_INPUT_BYTES = 16 * 1024
export const MAX_OUTPUT_BYTES = 8 * 1024
export const MAX_SIDE = 1000

interface Of {
  readonly terminal: number
}

export type ConsoleMessage =
  | (Of & { readonly type: 'open' | 'resize'; readonly cols: number; readonly rows: number })
  | (Of & { readonly type: 'input'; readonly text: string })
  | (Of & { readonly type: 'credit'; readonly bytes: number })
  | (Of & { readonly type: 'close' })
export type AgentMessage =
  | (Of & { readonly type: 'output'; readonly text: string })
  | (Of & { readonly type: 'closed'; readonly exit: number | null; readonly code: string })

const CLOSED_BODY = object<{ exit: number | null; code: string }>({ exit: required(nullable(integer)), code: required(text) })

function message(kind: number, terminal: number, body: Uint8Array = new Uint8Array()): Bytes {
  const head = new Uint8Array(HEAD_BYTES)
  head[0] = kind
  viewOf(head).setUint32(1, terminal)
  return concat(head, body)
}

function size(cols: number, rows: number): Bytes {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setUint16(0, cols)
  viewOf(bytes).setUint16(2, rows)
  return bytes
}

function count(value: number): Bytes {
  const bytes = new Uint8Array(4)
  viewOf(bytes).setUint32(0, value)
  return bytes
}

/** Throws LocalProtocolError("BAD_TERMINAL") for text that does not fit into one message. */
export function encode(of: ConsoleMessage): Bytes {
  switch (of.type) {
    case 'open':
      return message(OPEN, of.terminal, size(of.cols, of.rows))
    case 'resize':
      return message(RESIZE, of.terminal, size(of.cols, of.rows))
    case 'credit':
      return message(CREDIT, of.terminal, count(of.bytes))
    case 'close':
      return message(CLOSE, of.terminal)
    case 'input': {
      const body = utf8(of.text)
      if (body.length === 0 || body.length > MAX_INPUT_BYTES) throw new LocalProtocolError(BAD, 'text')
      return message(INPUT, of.terminal, body)
    }
  }
}

/** What an agent may send. Throws RemoteProtocolError("BAD_TERMINAL"). */
export function decode(body: Uint8Array): AgentMessage {
  if (body.length < HEAD_BYTES) throw new RemoteProtocolError(BAD, 'short')
  const terminal = viewOf(body).getUint32(1)
  const rest = body.subarray(HEAD_BYTES)
  if (body[0] === OUTPUT) return { type: 'output', terminal, text: decodeText(rest) }
  if (body[0] === CLOSED) return { type: 'closed', terminal, ...loadObject(CLOSED_BODY, rest, BAD) }
  throw new RemoteProtocolError(BAD, `message ${String(body[0])}`)
}

function decodeText(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes.length > MAX_OUTPUT_BYTES) throw new RemoteProtocolError(BAD, 'text')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new RemoteProtocolError(BAD, 'not UTF-8')
  }
}
