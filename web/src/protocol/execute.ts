/**
 * Channel 8: addresses and commands for the customer's PC. `type u8 | JSON`.
 *
 *     0x01 OPEN     console -> agent: {"request", "url"}: opened in the customer's browser; http and https only
 *     0x02 RUN      console -> agent: {"request", "shell", "command"}: `shell` is one of SHELLS; "none" splits the command into words
 *     0x03 STOP     console -> agent: {"request"}: ends that command and what it started
 *     0x11 OUTPUT   agent -> console: {"request", "error", "text"}: `error`: of the standard error
 *     0x12 ENDED    agent -> console: {"request", "exit", "code"}: once for each OPEN and RUN; `exit` null: there is none; `code` ""
 *                   or why it did not run or not to its end
 */

import { concat, type Bytes } from './bytes'
import { LocalProtocolError, RemoteProtocolError } from './errors'
import { boolean, dumpJson, integer, loadObject, nullable, object, required, text } from './messages'

const BAD = 'BAD_EXECUTE'
const OPEN = 0x01
const RUN = 0x02
const STOP = 0x03
const OUTPUT = 0x11
const ENDED = 0x12

export const SHELLS = ['none', 'sh', 'cmd', 'powershell'] as const
export type Shell = (typeof SHELLS)[number]
export const MAX_COMMAND = 4096
export const MAX_URL = 2048
const MAX_OUTPUT_TEXT = 8 * 1024
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u

export type ConsoleMessage =
  | { readonly type: 'open'; readonly request: number; readonly url: string }
  | { readonly type: 'run'; readonly request: number; readonly shell: Shell; readonly command: string }
  | { readonly type: 'stop'; readonly request: number }
export type AgentMessage =
  | { readonly type: 'output'; readonly request: number; readonly error: boolean; readonly text: string }
  | { readonly type: 'ended'; readonly request: number; readonly exit: number | null; readonly code: string }

const OUTPUT_BODY = object<{ request: number; error: boolean; text: string }>({
  request: required(integer),
  error: required(boolean),
  text: required(text),
})
const ENDED_BODY = object<{ request: number; exit: number | null; code: string }>({
  request: required(integer),
  exit: required(nullable(integer)),
  code: required(text),
})

/** What was typed -> an address that may be sent, with https:// where nothing was said; null if it is none. */
export function addressOf(typed: string): string | null {
  const trimmed = typed.trim()
  if (trimmed === '' || /[\s\\]/.test(trimmed)) return null
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`
  try {
    const url = new URL(whole)
    const fine = (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '' && url.password === ''
    return fine && url.hostname !== '' && url.href.length <= MAX_URL ? url.href : null
  } catch (problem) {
    if (problem instanceof TypeError) return null
    throw problem
  }
}

/** One line that can be seen. */
export function isCommand(command: string): boolean {
  return command.trim() !== '' && command.length <= MAX_COMMAND && !UNSEEN.test(command.replaceAll('\t', ' '))
}

/** Throws LocalProtocolError("BAD_EXECUTE"). */
export function encode(message: ConsoleMessage): Bytes {
  const { request } = message
  switch (message.type) {
    case 'open':
      return concat(Uint8Array.of(OPEN), dumpJson({ request, url: message.url }))
    case 'run':
      if (!isCommand(message.command)) throw new LocalProtocolError(BAD, 'command')
      return concat(Uint8Array.of(RUN), dumpJson({ request, shell: message.shell, command: message.command }))
    case 'stop':
      return concat(Uint8Array.of(STOP), dumpJson({ request }))
  }
}

/** What an agent may send. Throws RemoteProtocolError("BAD_EXECUTE"). */
export function decode(body: Uint8Array): AgentMessage {
  const rest = body.subarray(1)
  if (body[0] === ENDED) return { type: 'ended', ...loadObject(ENDED_BODY, rest, BAD) }
  if (body[0] !== OUTPUT) throw new RemoteProtocolError(BAD, `message ${String(body[0])}`)
  const output = loadObject(OUTPUT_BODY, rest, BAD)
  if (output.text.length > 2 * MAX_OUTPUT_TEXT) throw new RemoteProtocolError(BAD, 'text')
  return { type: 'output', ...output }
}
