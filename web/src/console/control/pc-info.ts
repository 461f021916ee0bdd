/** Lists of what the customer's PC is and runs: asked for, gathered page by page, asked for again. RC-PROC RC-HW RC-SW RC-SYS */

import { computed, shallowReactive, shallowRef, type ComputedRef } from 'vue'
import { Channel, CONTROL, INFORMATION } from '../../protocol/channels'
import { decode, encode, type Level, type Page, type Process, type Rows, type What } from '../../protocol/info'
import type { ToolLink } from './tool-link'

/** What a list can become; an endless one is cut. */
export const MAX_ROWS = 25_000

export interface Listing<W extends What = What> {
  readonly rows: readonly Rows[W][]
  readonly loading: boolean
  /** Why there is none, or "". */
  readonly problem: string
}

export interface PcInfo {
  /** `level`: of the events only. */
  listing: <W extends What>(what: W, level?: Level) => Listing<W>
  /** Nothing happens while the same list is under way. */
  ask: (what: What, level?: Level) => void
  /** Resolves with "" when it is done, else with the reason. */
  kill: (process: Process) => Promise<string>
  allowed: ComputedRef<boolean>
  killable: ComputedRef<boolean>
}

const EMPTY: Listing = { rows: [], loading: false, problem: '' }

export function usePcInfo(link: ToolLink): PcInfo {
  const listings = shallowReactive(new Map<string, Listing>())
  const asked = new Map<number, { what: What; key: string; rows: object[] }>()
  const kills = new Map<number, (code: string) => void>()
  const next = shallowRef(1)

  const keyOf = (what: What, level: Level): string => `${what} ${level}`
  const listing = <W extends What>(what: W, level: Level = ''): Listing<W> => (listings.get(keyOf(what, level)) ?? EMPTY) as Listing<W>

  function request(): number {
    next.value += 1
    return next.value
  }

  function ask(what: What, level: Level = ''): void {
    if (listing(what, level).loading) return
    const number = request()
    if (!link.send(Channel.INFO, encode({ type: 'ask', request: number, what, level }))) return
    const key = keyOf(what, level)
    asked.set(number, { what, key, rows: [] })
    listings.set(key, { ...listing(what, level), loading: true })
  }

  function gather(page: Page): void {
    const waiting = asked.get(page.request)
    if (waiting?.what !== page.what) return
    waiting.rows.push(...page.rows)
    if (!page.last && waiting.rows.length < MAX_ROWS) return
    asked.delete(page.request)
    listings.set(waiting.key, { rows: waiting.rows.slice(0, MAX_ROWS), loading: false, problem: '' } as Listing)
  }

  function settle(number: number, code: string): void {
    kills.get(number)?.(code)
    kills.delete(number)
    const waiting = asked.get(number)
    if (waiting === undefined) return
    asked.delete(number)
    listings.set(waiting.key, { ...(listings.get(waiting.key) ?? EMPTY), loading: false, problem: code })
  }

  /** What was asked on a link that is gone is never answered. */
  function forget(): void {
    for (const number of [...asked.keys(), ...kills.keys()]) settle(number, 'CONNECTION_LOST')
  }

  function kill({ pid, started }: Process): Promise<string> {
    const number = request()
    if (!link.send(Channel.INFO, encode({ type: 'kill', request: number, pid, started }))) return Promise.resolve('CONNECTION_LOST')
    return new Promise((resolve) => kills.set(number, resolve))
  }

  link.listen(Channel.INFO, (body) => {
    const message = decode(body)
    if (message.type === 'page') gather(message)
    else settle(message.request, message.code)
  })
  link.greeted(forget)
  return {
    listing,
    ask,
    kill,
    allowed: computed(() => link.rights.value.has(INFORMATION)),
    killable: computed(() => link.rights.value.has(CONTROL)),
  }
}
