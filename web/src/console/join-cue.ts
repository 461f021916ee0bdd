/** Tells the operator that a customer came, or that an administrator cut the session: a note, two tones, the tab's title until the tab is looked at. */

import { notify } from '../shared/feedback'
import { i18n } from '../shared/i18n'
import { sessionTitle } from '../shared/session-words'
import { savedSound } from '../shared/storage'
import type { Session } from '../shared/types'
import type { Cue } from './session-book'

const MAX_CHAT = 80
const TITLE_MS = 12_000
let baseTitle = 'WizHelper'
let timer: ReturnType<typeof setTimeout> | undefined

export function cueOperator(cue: Cue, session: Session): void {
  const { t } = i18n.global
  if (cue === 'cut') {
    notify(t('home.cut', { name: sessionTitle(session) }), 'error')
    return
  }
  const text =
    cue === 'joined'
      ? t('home.joined', { number: session.number ?? '' })
      : t('home.active', { name: sessionTitle(session) })
  notify(text, 'info')
  flashTitle(`● ${t('home.joined_title')} ${session.number ?? sessionTitle(session)}`)
  if (savedSound.get()) playTones()
}

/** A line of the customer that the operator does not see yet. */
export function cueChat(line: { readonly text: string }): void {
  const { t } = i18n.global
  notify(`${t('chat.customer')}: ${line.text.slice(0, MAX_CHAT)}`, 'info')
  flashTitle(`● ${t('chat.title')}`)
  if (savedSound.get()) playTones()
}

/** The plain title of the console; the route may give a part in front. */
export function plainTitle(part = ''): void {
  baseTitle = part ? `${part} · WizHelper` : 'WizHelper'
  if (timer === undefined) document.title = baseTitle
}

function flashTitle(text: string): void {
  document.title = text
  clearTimeout(timer)
  timer = setTimeout(restoreWhenSeen, TITLE_MS)
}

function restoreWhenSeen(): void {
  if (document.visibilityState === 'hidden') {
    document.addEventListener('visibilitychange', restoreWhenSeen, { once: true })
    return
  }
  timer = undefined
  document.title = baseTitle
}

let audio: AudioContext | null = null

/** Silent when the browser has not yet let the page make sound (no click so far). */
function playTones(): void {
  audio ??= new AudioContext()
  if (audio.state !== 'running') {
    void audio.resume()
    return
  }
  tone(audio, 880, 0)
  tone(audio, 1175, 0.16)
}

function tone(context: AudioContext, hertz: number, delay_s: number): void {
  const start = context.currentTime + delay_s
  const oscillator = context.createOscillator()
  const volume = context.createGain()
  oscillator.frequency.value = hertz
  volume.gain.setValueAtTime(0.0001, start)
  volume.gain.exponentialRampToValueAtTime(0.12, start + 0.02)
  volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.28)
  oscillator.connect(volume).connect(context.destination)
  oscillator.start(start)
  oscillator.stop(start + 0.3)
}

/** A colleague asks something. */
export function cueOffer(): void {
  flashTitle(`● ${i18n.global.t('sharing.requests')}`)
  if (savedSound.get()) playTones()
}
