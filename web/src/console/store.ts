/** The console's live state: one socket, one book of sessions, the counts. Started while somebody is logged in. */

import { computed, ref, shallowRef, triggerRef, watch } from 'vue'
import { api, isLoginRequired, loginEnded, loginLost, me } from '../shared/auth'
import { serverNow } from '../shared/clock'
import type { DevicesMessage } from '../shared/device-types'
import { LiveSocket, openWebSocket, type LiveState } from '../shared/live'
import type { SmsMessage } from '../shared/sms-types'
import type { LiveMessage, Session } from '../shared/types'
import { notify } from '../shared/feedback'
import { i18n } from '../shared/i18n'
import { cueOperator } from './join-cue'
import { sendLeftovers } from './recording/uploads'
import { forgetSharing, loadOffers, takeOffer, takeWhisper } from './sharing/sharing-book'
import { isOpen, NO_COUNTS, SessionBook, type Entry } from './session-book'

export const liveState = ref<LiveState>('stopped')
export const counts = shallowRef(NO_COUNTS)
/** The latest word on which registered devices came and went. */
export const presence = shallowRef<DevicesMessage | null>(null)
/** Counts up when visits to devices have changed. */
export const visitNews = ref(0)
/** The latest word on a text message that this operator sent. */
export const smsNews = shallowRef<SmsMessage | null>(null)
/** False until the first list came. */
export const listed = ref(false)
const book = shallowRef(new SessionBook())
book.value.onCue(cueOperator)

/** Whether the session is the operator's own, and not one that a colleague shares. */
export const isMine = (session: Session): boolean => session.owner.num === me.value?.account.num
export const working = computed(() => book.value.working().filter(({ session }) => isMine(session)))
export const shared = computed(() => book.value.working().filter(({ session }) => !isMine(session) && isOpen(session)))
export const recent = computed(() => book.value.recent().filter(({ session }) => isMine(session)))
export const openCount = computed(() => working.value.filter(({ session }) => isOpen(session)).length)
export const entryOf = (id: string): Entry | undefined => book.value.get(id)

/** Takes over what an action answered, without waiting for the live socket. */
export function takeSession(session: Session): void {
  book.value.upsert(session, serverNow())
  triggerRef(book)
}

function take(message: LiveMessage): void {
  switch (message.type) {
    case 'hello':
      book.value.replaceAll(message.sessions, serverNow())
      triggerRef(book)
      counts.value = message.counts
      listed.value = true
      loadOffers()
      break
    case 'session_gone':
      book.value.remove(message.id)
      triggerRef(book)
      notify(i18n.global.t(`sharing.gone.${message.why}`), 'info')
      break
    case 'offer':
      takeOffer(message.offer)
      break
    case 'whisper':
      takeWhisper(message.whisper)
      break
    case 'session':
      takeSession(message.session)
      break
    case 'counts':
      counts.value = message.counts
      break
    case 'devices':
      presence.value = message
      break
    case 'device_visits':
      visitNews.value += 1
      break
    case 'sms':
      smsNews.value = message.message
      break
    case 'bye':
      loginEnded(message.code)
  }
}

const live = new LiveSocket({
  getTicket: api.liveTicket,
  open: () => openWebSocket('/ws/live'),
  onMessage: take,
  onState: (state) => (liveState.value = state),
  isFinal: isLoginRequired,
})

/** Follows the login: up while somebody is in, down otherwise. Call once. */
export function followLogin(): void {
  watch(
    [me, loginLost],
    () => {
      if (me.value?.app === 'console' && !loginLost.value) {
        live.start()
        void sendLeftovers()
      } else live.stop()
      if (me.value === null) forget()
    },
    { immediate: true },
  )
  window.addEventListener('online', () => live.retryNow())
  for (const name of ['pointerdown', 'keydown', 'wheel']) {
    window.addEventListener(name, () => live.noteActivity(), { passive: true, capture: true })
  }
}

function forget(): void {
  book.value.replaceAll([], serverNow())
  triggerRef(book)
  counts.value = NO_COUNTS
  forgetSharing()
  listed.value = false
}

/** Resolves when a new attempt at the customer's PC makes sense: it is said to be online, or some seconds passed. */
export function agentMayBeBack(id: string): Promise<void> {
  const PAUSE_MS = 1000
  const AT_MOST_MS = 10_000
  return new Promise((resolve) => {
    const done = (): void => {
      stop()
      clearTimeout(limit)
      resolve()
    }
    const limit = setTimeout(done, AT_MOST_MS)
    const ready = ref(false)
    // The server has just said "offline"; an older "online" in the book must not make a busy loop.
    setTimeout(() => (ready.value = true), PAUSE_MS)
    const stop = watch([ready, book], () => {
      if (ready.value && entryOf(id)?.session.agent_online === true) done()
    })
  })
}
