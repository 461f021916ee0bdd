/**
 * Channel 19: restarting the customer's PC. `type u8 | JSON`. Padded: the length of a password is nobody's business.
 *
 *     0x01 ASK      console -> agent: {}: what is possible on this PC?
 *     0x02 RESTART  console -> agent: {"request", "safe_mode", "account", "password"}: `account` "": nobody is logged on by itself
 *     0x11 ABLE     agent -> console: {"restart", "safe_mode", "auto_logon", "account"}: `account`: who is logged on now
 *     0x12 ANSWER   agent -> console: {"request", "state", "code"}: `state` "asking" (the customer is asked), "going_down", or
 *                   "refused" with `code`; the last one says how it ended
 */

import { concat, type Bytes } from './bytes'
import { RemoteProtocolError } from './errors'
import { boolean, dumpJson, integer, loadObject, object, required, text } from './messages'

const BAD = 'BAD_REBOOT'
const ASK = 0x01
const RESTART = 0x02
const ABLE = 0x11
const ANSWER = 0x12

export const MAX_ACCOUNT = 256
export const MAX_PASSWORD = 256
const STATES = ['asking', 'going_down', 'refused'] as const
export type RebootState = (typeof STATES)[number]

export interface Restart {
  readonly request: number
  readonly safe_mode: boolean
  readonly account: string
  readonly password: string
}

export interface Able {
  restart: boolean
  safe_mode: boolean
  auto_logon: boolean
  account: string
}

export type ConsoleMessage = { readonly type: 'ask' } | ({ readonly type: 'restart' } & Restart)
export type AgentMessage =
  | ({ readonly type: 'able' } & Able)
  | { readonly type: 'answer'; readonly request: number; readonly state: RebootState; readonly code: string }

const ABLE_BODY = object<Able>({
  restart: required(boolean),
  safe_mode: required(boolean),
  auto_logon: required(boolean),
  account: required(text),
})
const ANSWER_BODY = object<{ request: number; state: string; code: string }>({
  request: required(integer),
  state: required(text),
  code: required(text),
})

export function encode(message: ConsoleMessage): Bytes {
  if (message.type === 'ask') return concat(Uint8Array.of(ASK), dumpJson({}))
  const { request, safe_mode, account, password } = message
  return concat(Uint8Array.of(RESTART), dumpJson({ request, safe_mode, account, password }))
}

/** What an agent may send. Throws RemoteProtocolError("BAD_REBOOT"). */
export function decode(body: Uint8Array): AgentMessage {
  const rest = body.subarray(1)
  if (body[0] === ABLE) return { type: 'able', ...loadObject(ABLE_BODY, rest, BAD) }
  if (body[0] !== ANSWER) throw new RemoteProtocolError(BAD, `message ${String(body[0])}`)
  const { request, state, code } = loadObject(ANSWER_BODY, rest, BAD)
  const known = STATES.find((one) => one === state)
  if (known === undefined) throw new RemoteProtocolError(BAD, 'state')
  return { type: 'answer', request, state: known, code }
}
