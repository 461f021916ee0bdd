/**
 * Channel 9: what the customer's PC is and runs. `type u8 | body`; all bodies are JSON.
 *
 *     0x01 ASK     console -> agent: {"request", "what", "level"}: `what` is one of WHAT; the answer carries the number
 *                  `request`; `level` one of LEVELS: of "events" only those that are at least so grave ("": all)
 *     0x02 KILL    console -> agent: {"request", "pid", "started"}: ends that process if it is still the same one
 *     0x11 to 0x16 agent -> console, one kind for each of WHAT: {"request", "last", "rows"}: a page of the answer; `last` ends it
 *     0x1f RESULT  agent -> console: {"request", "code"}: "" when a KILL is done, else why not, or why there is no answer
 */

import { concat, type Bytes } from './bytes'
import { RemoteProtocolError } from './errors'
import { boolean, dumpJson, float, integer, list, loadObject, object, required, text } from './messages'

const BAD = 'BAD_INFO'
const ASK = 0x01
const KILL = 0x02
const RESULT = 0x1f
const FIRST_PAGE = 0x11

/** In the order of their kinds. */
export const WHAT = ['processes', 'hardware', 'software', 'system', 'services', 'events'] as const
export type What = (typeof WHAT)[number]
export const LEVELS = ['', 'warning', 'error'] as const
export type Level = (typeof LEVELS)[number]

/** `cpu`: percent of one core since the last question; `memory`: resident bytes; `started`: seconds since 1970. */
export interface Process {
  readonly pid: number
  readonly name: string
  readonly user: string
  readonly cpu: number
  readonly memory: number
  readonly started: number
  readonly command: string
}

export interface Fact {
  readonly section: string
  readonly key: string
  readonly value: string
}

export interface Program {
  readonly name: string
  readonly version: string
  readonly publisher: string
}

export interface Service {
  readonly name: string
  readonly title: string
  readonly state: string
}

/** `time`: seconds since 1970, 0 if unknown; `level`: error, warning or information; `code`: the system's own number. */
export interface LogEvent {
  readonly time: number
  readonly level: string
  readonly source: string
  readonly code: string
  readonly text: string
}

export interface Rows {
  processes: Process
  hardware: Fact
  software: Program
  system: Fact
  services: Service
  events: LogEvent
}

export type ConsoleMessage =
  | { readonly type: 'ask'; readonly request: number; readonly what: What; readonly level: Level }
  | { readonly type: 'kill'; readonly request: number; readonly pid: number; readonly started: number }

interface PageOf<W extends What> {
  readonly type: 'page'
  readonly what: W
  readonly request: number
  readonly last: boolean
  readonly rows: readonly Rows[W][]
}
export type Page = { [W in What]: PageOf<W> }[What]
export type AgentMessage = Page | { readonly type: 'result'; readonly request: number; readonly code: string }

const FACT = object<Fact>({ section: required(text), key: required(text), value: required(text) })
const ROWS = {
  processes: object<Process>({
    pid: required(integer),
    name: required(text),
    user: required(text),
    cpu: required(float),
    memory: required(integer),
    started: required(float),
    command: required(text),
  }),
  hardware: FACT,
  software: object<Program>({ name: required(text), version: required(text), publisher: required(text) }),
  system: FACT,
  services: object<Service>({ name: required(text), title: required(text), state: required(text) }),
  events: object<LogEvent>({
    time: required(float),
    level: required(text),
    source: required(text),
    code: required(text),
    text: required(text),
  }),
}
const PAGES = Object.fromEntries(
  WHAT.map((what) => [
    what,
    object<{ request: number; last: boolean; rows: readonly unknown[] }>({
      request: required(integer),
      last: required(boolean),
      rows: required(list<unknown>(ROWS[what])),
    }),
  ]),
)
const RESULT_BODY = object<{ request: number; code: string }>({ request: required(integer), code: required(text) })

export function encode(message: ConsoleMessage): Bytes {
  const { request } = message
  if (message.type === 'ask') return concat(Uint8Array.of(ASK), dumpJson({ request, what: message.what, level: message.level }))
  return concat(Uint8Array.of(KILL), dumpJson({ request, pid: message.pid, started: message.started }))
}

/** What an agent may send. Throws RemoteProtocolError("BAD_INFO"). */
export function decode(body: Uint8Array): AgentMessage {
  const kind = body[0] ?? -1
  if (kind === RESULT) return { type: 'result', ...loadObject(RESULT_BODY, body.subarray(1), BAD) }
  const what = WHAT[kind - FIRST_PAGE]
  const shape = what === undefined ? undefined : PAGES[what]
  if (what === undefined || shape === undefined) throw new RemoteProtocolError(BAD, `message ${String(kind)}`)
  return { type: 'page', what, ...loadObject(shape, body.subarray(1), BAD) } as Page
}
