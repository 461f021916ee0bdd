/** One remote control as the pages see it: the events of RemoteSession as values. The engine itself is never reactive. */

import { computed, onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { ALL_MONITORS, type Colours, type MonitorInfo, type Quality, type Trouble } from '../../protocol/screen'
import type { PointerMark } from '../../remote/remote-pointer'
import { NOT_RECORDING, type RecordingView, type SealTarget } from '../../remote/recording/control'
import { RemoteSession } from '../../remote/session'
import type { ViewGestures } from '../../remote/touch-driver'
import { api, me } from '../../shared/auth'
import { useToolLink, type ToolLink } from './tool-link'
import { ApiError } from '../../shared/http'
import { savedCapture, savedColours, savedQuality } from '../../shared/storage'
import type { Capture, ControlTicket, KeyboardMode, SasPolicy } from '../../shared/types'
import { agentMayBeBack } from '../store'

export type Phase = 'idle' | 'connecting' | 'securing' | 'open' | 'reconnecting' | 'ended' | 'failed'
export type TrustLevel = 'unverified' | 'number' | 'device_key'

export interface TrustView {
  trust: TrustLevel
  sas: string
  sasPolicy: SasPolicy
  permissions: readonly string[]
}

export interface StatsView {
  latencyMs: number | null
  rttMs: number | null
  fps: number
  kbitS: number
  codec: string
  /** The agent's way to capture: a word of the customer's PC, thus untrusted. */
  capture: string
}

export interface PeerView {
  host: string
  user: string
}

export interface Remote {
  phase: Ref<Phase>
  /** Why it ended or failed, a stable word. */
  code: Ref<string>
  /** The server's refusal to open the control, with what to do next. */
  refusal: ShallowRef<ApiError | null>
  trust: ShallowRef<TrustView | null>
  peer: ShallowRef<PeerView | null>
  stats: ShallowRef<StatsView | null>
  size: ShallowRef<{ width: number; height: number } | null>
  pictured: Ref<boolean>
  /** The remote pointer, while it is elsewhere than the operator's own. */
  pointer: ShallowRef<PointerMark | null>
  /** Why the PC sends no picture, or only a black one. */
  trouble: Ref<Trouble | null>
  keyboardMode: Ref<KeyboardMode>
  capture: Ref<Capture>
  cursor: Ref<boolean>
  quality: Ref<Quality>
  colours: Ref<Colours>
  viewOnly: Ref<boolean>
  tools: ToolLink
  recording: Ref<RecordingView>
  monitors: Ref<readonly MonitorInfo[]>
  /** Index of the monitor in the picture, or ALL_MONITORS. */
  shownMonitor: Ref<number>
  open: (canvas: HTMLCanvasElement, stage: HTMLElement, view: ViewGestures) => void
  close: () => void
  /** Back to the beginning after it ended or failed: the screen may be shown and opened again. */
  reset: () => void
  refresh: () => void
  /** The remote picture as PNG; null without one. */
  screenshot: () => Promise<Blob | null>
  /** `target` null: into a plain file of this browser. */
  record: (name: string, target: SealTarget | null) => void
  stopRecording: () => void
  setPaused: (paused: boolean) => void
  setKeyboardMode: (mode: KeyboardMode) => void
  setCapture: (capture: Capture) => void
  setCursor: (shown: boolean) => void
  /** Kept in this browser for the next remote control. */
  setQuality: (quality: Quality) => void
  setColours: (colours: Colours) => void
  setMonitor: (index: number) => void
  press: (codes: string[]) => void
  type: (text: string) => void
  end: () => void
}

/** `window`: of this operator's windows on the session; `monitor`: what it shows at first. */
export function useRemote(sessionId: string, window = 1, monitor = ALL_MONITORS): Remote {
  const phase = ref<Phase>('idle')
  const code = ref('')
  const refusal = shallowRef<ApiError | null>(null)
  const trust = shallowRef<TrustView | null>(null)
  const peer = shallowRef<PeerView | null>(null)
  const stats = shallowRef<StatsView | null>(null)
  const size = shallowRef<{ width: number; height: number } | null>(null)
  const pictured = ref(false)
  const pointer = shallowRef<PointerMark | null>(null)
  const trouble = ref<Trouble | null>(null)
  const keyboardMode = ref<KeyboardMode>(me.value?.settings.keyboard_mode ?? 'physical')
  const capture = ref<Capture>(savedCapture.get())
  const cursor = ref(me.value?.settings.remote_cursor ?? true)
  const quality = ref<Quality>(savedQuality.get())
  const colours = ref<Colours>(savedColours.get())
  const viewOnly = computed(() => trust.value !== null && !trust.value.permissions.includes('control'))
  const tools = useToolLink()
  const recording = shallowRef<RecordingView>(NOT_RECORDING)
  const monitors = shallowRef<readonly MonitorInfo[]>([])
  const shownMonitor = ref(ALL_MONITORS)
  const wishedMonitor = ref(monitor)
  let remote: RemoteSession | null = null

  async function openControl(): Promise<ControlTicket> {
    try {
      const ticket = await api.controlSession(sessionId, window)
      refusal.value = null
      return ticket
    } catch (problem) {
      if (problem instanceof ApiError && problem.code !== 'AGENT_OFFLINE') refusal.value = problem
      throw problem
    }
  }

  const showView = (): void =>
    remote?.setView({
      capture: capture.value,
      cursor: cursor.value,
      quality: quality.value,
      colours: colours.value,
      monitor: wishedMonitor.value,
    })

  function follow(session: RemoteSession): void {
    session.on('state', (event) => {
      phase.value = event.state
      code.value = event.code ?? ''
      if (event.state === 'open' || event.state === 'reconnecting') session.mark(event.state)
    })
    session.on('recording', (event) => (recording.value = event))
    session.on('trust', (event) => (trust.value = event))
    session.on('peer', (event) => (peer.value = event))
    session.on('stats', (event) => (stats.value = event))
    session.on('pointer', (event) => (pointer.value = event))
    session.on('trouble', (event) => (trouble.value = event))
    session.on('geometry', (event) => {
      size.value = { width: event.width, height: event.height }
      monitors.value = event.monitors
      shownMonitor.value = event.shown
    })
    session.on('firstPicture', () => (pictured.value = true))
  }

  function open(canvas: HTMLCanvasElement, stage: HTMLElement, view: ViewGestures): void {
    close()
    recording.value = NOT_RECORDING
    pictured.value = false
    trouble.value = null
    pointer.value = null
    trust.value = stats.value = null
    remote = new RemoteSession({
      sessionId,
      canvas,
      openControl,
      isAgentOnline: () => agentMayBeBack(sessionId),
      operatorName: me.value?.account.display_name ?? '',
      version: me.value?.version ?? '',
    })
    follow(remote)
    tools.follow(remote)
    remote.input.mode = keyboardMode.value
    remote.input.attach(stage, view)
    showView()
    remote.start()
  }

  /** Leaves the remote control running: it can be opened again. */
  function close(): void {
    remote?.input.detach()
    remote?.close()
    remote = null
    tools.follow(null)
  }

  function reset(): void {
    close()
    phase.value = 'idle'
    code.value = ''
    refusal.value = null
  }

  onScopeDispose(close)
  return {
    phase,
    code,
    refusal,
    trust,
    peer,
    stats,
    size,
    pictured,
    trouble,
    pointer,
    keyboardMode,
    capture,
    cursor,
    quality,
    colours,
    viewOnly,
    tools,
    recording,
    monitors,
    shownMonitor,
    open,
    close,
    reset,
    refresh: () => remote?.refresh(),
    screenshot: async () => {
      const png = (await remote?.screenshot()) ?? null
      if (png !== null) {
        remote?.note('screenshot')
        remote?.mark('screenshot')
      }
      return png
    },
    record: (name, target) => remote?.record(name, target),
    stopRecording: () => remote?.stopRecording(),
    setPaused: (paused) => remote?.setPaused(paused),
    setKeyboardMode: (mode) => {
      keyboardMode.value = mode
      if (remote !== null) remote.input.mode = mode
    },
    setCapture: (next) => {
      capture.value = next
      showView()
    },
    setCursor: (shown) => {
      cursor.value = shown
      showView()
    },
    setQuality: (next) => {
      quality.value = next
      savedQuality.set(next)
      showView()
    },
    setColours: (next) => {
      colours.value = next
      savedColours.set(next)
      showView()
    },
    setMonitor: (index) => {
      wishedMonitor.value = index
      showView()
    },
    press: (codes) => remote?.input.sendCombination(codes),
    type: (text) => remote?.input.sendText(text),
    end: () => remote?.end(),
  }
}
