/** Words for the parts of a session that the server names by codes; an unknown code is shown as it is, cleaned. */

import type { Composer } from 'vue-i18n'
import { safeText } from './safe-text'
import type { Client, Session } from './types'

type Words = Pick<Composer, 't' | 'te'>

function word(words: Words, family: string, code: string | null): string {
  if (code === null || code === '') return '–'
  const key = `${family}.${code.toLowerCase()}`
  return /^\w+$/.test(code) && words.te(key) ? words.t(key) : safeText(code, 40)
}

export const endReason = (words: Words, code: string | null): string => word(words, 'end_reason', code)
export const eventWord = (words: Words, code: string | null): string => word(words, 'event', code)
/** Who did something: "account:7" is named if it took part in the session, else left as the number of the accounts page. */
export function actorWord(words: Words, actor: string, people: Session['people']): string {
  const person = people.find(({ num }) => actor === `account:${num}`)
  return person === undefined ? word(words, 'actor', actor) : safeText(person.display_name, 60)
}
/** An act of the audit chain: "session.consented" has the word of the session's event. */
export function auditAct(words: Words, action: string): string {
  if (action.startsWith('session.')) return words.t('audit_act.session', { event: eventWord(words, action.slice(8)) })
  const key = `audit_act.${action.replace('.', '_')}`
  return /^\w+\.\w+$/.test(action) && words.te(key) ? words.t(key) : safeText(action, 64)
}
export const auditActor = (words: Words, actor: string, name: string): string =>
  name === '' ? word(words, 'actor', actor) : safeText(name, 60)
export const resultWord = (words: Words, code: string | null): string => word(words, 'result', code)
export const channelWord = (words: Words, code: string | null): string => word(words, 'channel', code)
export const loginResult = (words: Words, code: string | null): string => word(words, 'login_result', code)
export const outReason = (words: Words, code: string | null): string => word(words, 'out_reason', code)

/** "Windows 11 23H2" from two hostile strings. */
export function systemText(client: Pick<Client, 'os' | 'os_version'>): string {
  const name = safeText(client.os, 40)
  const version = safeText(client.os_version, 40)
  return version.startsWith(name) ? version : `${name} ${version}`.trim()
}

/** What a session is called in a title: the PC's name, else its number. */
export function sessionTitle(session: Session): string {
  return safeText(session.client?.host_name, 40) || session.number || ''
}
