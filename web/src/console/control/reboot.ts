/** Restarting the customer's PC at the console's end: what is possible there, one wish at a time, and how far it is. RC-REBOOT */

import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { Channel, REBOOT } from '../../protocol/channels'
import { decode, encode, type Able, type RebootState } from '../../protocol/reboot'
import { REBOOT_STEPS, type Reboot, type RebootStep } from '../../shared/types'
import type { ToolLink } from './tool-link'

export interface RebootWish {
  readonly safeMode: boolean
  /** "": nobody is logged on by itself. */
  readonly account: string
  readonly password: string
}

export interface RebootTool {
  allowed: ComputedRef<boolean>
  /** null: the PC has not said yet. */
  able: ShallowRef<Able | null>
  /** 'idle': nothing is asked for; 'sent' until the PC answers. */
  state: Ref<'idle' | 'sent' | RebootState>
  /** Why it was refused. */
  code: Ref<string>
  restart: (wish: RebootWish) => boolean
}

export function useReboot(link: ToolLink): RebootTool {
  const able = shallowRef<Able | null>(null)
  const state = ref<'idle' | 'sent' | RebootState>('idle')
  const code = ref('')
  let request = 0

  link.listen(Channel.REBOOT, (body) => {
    const message = decode(body)
    if (message.type === 'able') able.value = message
    else if (message.request === request) {
      state.value = message.state
      code.value = message.code
    }
  })
  link.greeted(() => {
    // What was asked for on a link that is gone got its answer there, or never will.
    if (state.value !== 'refused') state.value = 'idle'
    if (link.rights.value.has(REBOOT)) link.send(Channel.REBOOT, encode({ type: 'ask' }))
  })

  return {
    allowed: computed(() => link.rights.value.has(REBOOT)),
    able,
    state,
    code,
    restart: ({ safeMode, account, password }) => {
      if (!link.rights.value.has(REBOOT)) return false
      request += 1
      state.value = 'sent'
      code.value = ''
      return link.send(Channel.REBOOT, encode({ type: 'restart', request, safe_mode: safeMode, account, password }))
    },
  }
}

export interface LadderStep {
  readonly step: RebootStep
  /** Seconds since the PC began to go down; null: not there yet. */
  readonly after: number | null
}

/** The whole ladder, what is still to come included; a logon screen that was not met is left out once the desktop is there. */
export function ladderOf(reboot: Reboot): LadderStep[] {
  const times = new Map(reboot.steps.map(({ step, at }) => [step, Date.parse(at)]))
  const began = times.get('going_down') ?? 0
  return REBOOT_STEPS.filter((step) => step !== 'logon_screen' || times.has(step) || !times.has('desktop')).map((step) => {
    const at = times.get(step)
    return { step, after: at === undefined ? null : Math.max(0, (at - began) / 1000) }
  })
}

export const isBack = (reboot: Reboot): boolean => reboot.steps.some(({ step }) => step === 'desktop')
