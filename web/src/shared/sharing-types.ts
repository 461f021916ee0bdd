/** Sessions that several operators share: the values of the REST and live-socket contract. */

export interface PersonName {
  num: number
  display_name: string
}

/** The owner, or another operator who takes or took part in a session. `until` null: takes part now. */
export interface SessionPerson extends PersonName {
  role: 'owner' | 'observer' | 'former_owner'
  controls: boolean
  since: string | null
  until: string | null
}

export type OfferKind = 'watch' | 'handover' | 'control'

/** What one operator asks another about a session; open until `due_at`. */
export interface Offer {
  id: number
  session: string
  title: string
  kind: OfferKind
  state: 'open' | 'accepted' | 'refused' | 'expired' | 'withdrawn'
  stay: boolean
  sender: PersonName
  to: PersonName
  due_at: string
}

/** `waiting`: a session can be handed over. `watching`: takes part in this one already. */
export interface Colleague extends PersonName {
  waiting: boolean
  open: number
  watching: boolean
}

export interface Whisper {
  session: string
  at: string
  sender: PersonName
  text: string
}

export type SharingMessage =
  | { type: 'session_gone'; id: string; why: 'left' | 'removed' | 'dismissed' | 'handed_over' }
  | { type: 'offer'; offer: Offer }
  | { type: 'whisper'; whisper: Whisper }
