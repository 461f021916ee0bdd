/** Whether, where to and when a remote control is recorded: the company's policy, and the operator's button where it leaves a choice. */

import { computed, onScopeDispose, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { fromHex, toHex } from '../../protocol/bytes'
import { KEY_BYTES, systemRandom } from '../../protocol/secure'
import type { SealTarget } from '../../remote/recording/control'
import { recordings } from '../../shared/auth'
import { ApiError } from '../../shared/http'
import { sealKey } from '../../shared/recording/cipher'
import type { RecordingPolicy } from '../../shared/recording/recording-api'
import type { Remote } from '../control/use-remote'
import type { Outcome } from './upload'
import { follow } from './uploads'

/** Until another try, where the company wants every session recorded. */
const AGAIN_MS = 20_000

export interface Recording {
  policy: ShallowRef<RecordingPolicy | null>
  /** The company leaves no choice: it is recorded, and the operator cannot stop it. */
  forced: ComputedRef<boolean>
  /** Recordings go to the appliance, not into this browser. */
  away: ComputedRef<boolean>
  start: () => Promise<void>
}

export interface RecordingEvents {
  name: () => string
  /** It could not begin, or broke off. */
  failed: (problem: ApiError) => void
  /** It began by the company's policy. */
  begun: () => void
  sent: (outcome: Outcome) => void
}

/** `mine`: this is the window that has to record, where every session is. */
export function useRecording(session: string, remote: Remote, mine: Ref<boolean>, events: RecordingEvents): Recording {
  const policy = shallowRef<RecordingPolicy | null>(null)
  const forced = computed(() => policy.value?.policy === 'always')
  const away = computed(() => policy.value?.place === 'appliance')
  let retry: ReturnType<typeof setTimeout> | null = null
  let over = false

  async function load(): Promise<void> {
    try {
      policy.value = await recordings.policy()
    } catch (problem) {
      later(problem)
    }
  }

  function later(problem: unknown): void {
    if (!(problem instanceof ApiError)) throw problem
    if (over) return
    events.failed(problem)
    if (policy.value === null || forced.value) retry = setTimeout(() => void (policy.value === null ? load() : begin()), AGAIN_MS)
  }

  async function start(): Promise<void> {
    if (remote.recording.value.state !== 'off' || !remote.pictured.value) return
    if (!away.value) {
      remote.record(events.name(), null)
      return
    }
    const target = await sealedTarget(session)
    if (over) return void recordings.abandon(target.id)
    remote.record(events.name(), target)
    const { name } = remote.recording.value
    const isRecording = (): boolean => remote.recording.value.state !== 'off' && remote.recording.value.name === name
    void follow(target.id, isRecording).then(events.sent)
  }

  /** By the policy. */
  async function begin(): Promise<void> {
    const ready = remote.phase.value === 'open' && remote.pictured.value && remote.recording.value.state === 'off'
    if (over || !ready || !forced.value || !mine.value) return
    try {
      await start()
      events.begun()
    } catch (problem) {
      later(problem)
    }
  }

  watch([policy, mine, remote.pictured, remote.phase], () => void begin())
  watch(remote.recording, (now) => {
    if (now.state === 'off' && now.problem !== null && forced.value && !over) retry = setTimeout(() => void begin(), AGAIN_MS)
  })
  onScopeDispose(() => {
    over = true
    if (retry !== null) clearTimeout(retry)
  })
  void load()
  return { policy, forced, away, start }
}

/** Asks for the newest key first: it may have changed since the window was opened. */
async function sealedTarget(session: string): Promise<SealTarget> {
  const { key: company } = await recordings.policy()
  if (company === null) throw new ApiError(409, 'RECORDING_NO_KEY')
  const key = systemRandom(KEY_BYTES)
  const sealed = toHex(await sealKey(key, fromHex(company.public)))
  const { id, head } = await recordings.begin({ session, key: company.id, sealed })
  return { id, key, head: fromHex(head) }
}
