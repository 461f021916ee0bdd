/** What operators ask and tell each other about shared sessions, as the live socket says it. */

import { computed, ref, shallowRef } from 'vue'
import { api, me } from '../../shared/auth'
import type { Offer, Whisper } from '../../shared/sharing-types'
import { cueOffer } from '../join-cue'

const MAX_WHISPERS = 200

const offers = ref<Offer[]>([])
/** The newest answer to a request of this operator, or one that was not answered. */
export const answered = shallowRef<Offer | null>(null)
const whispers = shallowRef<ReadonlyMap<string, readonly Whisper[]>>(new Map())
const own = (): number => me.value?.account.num ?? 0

/** Requests to this operator that wait for an answer. */
export const incoming = computed(() => offers.value.filter((offer) => offer.to.num === own()))
/** This operator's own. */
export const outgoing = computed(() => offers.value.filter((offer) => offer.sender.num === own()))
export const whispersOf = (session: string): readonly Whisper[] => whispers.value.get(session) ?? []

export function takeOffer(offer: Offer): void {
  const known = offers.value.some(({ id }) => id === offer.id)
  offers.value = offers.value.filter(({ id }) => id !== offer.id)
  if (offer.state === 'open') {
    offers.value.push(offer)
    if (!known && offer.to.num === own()) cueOffer()
  } else if (offer.sender.num === own()) answered.value = offer
}

/** After each greeting of the live socket: what came and went meanwhile. */
export function loadOffers(): void {
  api
    .offers()
    .then((found) => (offers.value = found))
    .catch((problem: unknown) => {
      console.warn('no list of requests', problem)
    })
}

export function takeWhisper(whisper: Whisper): void {
  const lines = [...whispersOf(whisper.session), whisper].slice(-MAX_WHISPERS)
  whispers.value = new Map(whispers.value).set(whisper.session, lines)
}

/** What was said before this page was opened. */
export async function loadWhispers(session: string): Promise<void> {
  whispers.value = new Map(whispers.value).set(session, await api.whispers(session))
}

export function forgetSharing(): void {
  offers.value = []
  whispers.value = new Map()
}
