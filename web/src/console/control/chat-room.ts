/** The conversation with the customer, as the agent numbers it. RC-CHAT */

import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue'
import { CHAT, Channel } from '../../protocol/channels'
import { decode, encode, fits, type Said } from '../../protocol/chat'
import { safeParagraphs } from '../../shared/safe-text'
import type { ToolLink } from './tool-link'

const MAX_LINES = 2000
const MAX_SHOWN = 4096

export interface ChatRoom {
  lines: Ref<readonly Said[]>
  /** Lines of the customer that came while the panel was not open. */
  unread: Ref<number>
  allowed: ComputedRef<boolean>
  /** False: it was not sent, and should stay where it was typed. */
  say: (text: string) => boolean
  read: () => void
}

/** `isOpen`: whether the panel is before the operator's eyes; `heard`: a new line of the customer while it is not. */
export function useChatRoom(link: ToolLink, isOpen: () => boolean, heard: (line: Said) => void): ChatRoom {
  const lines = shallowRef<readonly Said[]>([])
  const unread = ref(0)
  const allowed = computed(() => link.rights.value.has(CHAT))

  link.listen(Channel.CHAT, (body) => {
    const said = decode(body)
    // A new link begins with what is known already.
    if (said.number <= (lines.value.at(-1)?.number ?? 0)) return
    const line = { ...said, text: safeParagraphs(said.text, MAX_SHOWN) }
    lines.value = [...lines.value, line].slice(-MAX_LINES)
    if (!said.customer || isOpen()) return
    unread.value += 1
    heard(line)
  })

  return {
    lines,
    unread,
    allowed,
    say: (text) => fits(text) && allowed.value && link.send(Channel.CHAT, encode({ type: 'say', text })),
    read: () => (unread.value = 0),
  }
}
