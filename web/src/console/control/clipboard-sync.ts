/**
 * Keeps the operator's clipboard and the remote one alike while it is switched on.
 *
 * Browsers tell nothing of a copy made elsewhere, so the operator's clipboard is read when this window gets the focus, and
 * they write it only while the page has the focus: what comes meanwhile is written when the operator is back.
 */

import { onScopeDispose, ref, type Ref } from 'vue'
import { Channel, CLIPBOARD } from '../../protocol/channels'
import { decode, encode, fits } from '../../protocol/clipboard'
import { RemoteProtocolError } from '../../protocol/errors'
import type { ToolLink } from './tool-link'

/** What the operator is told. */
export type ClipboardNews = 'too_long' | 'refused' | 'bad'

export interface SystemClipboard {
  /** May ask the operator; rejects with DOMException when refused or without the focus. */
  readText: () => Promise<string>
  writeText: (text: string) => Promise<void>
}

export interface ClipboardSync {
  on: Ref<boolean>
  toggle: () => void
}

/** Where the browser lets no page read the clipboard (old Firefox, plain HTTP), only the other direction works. */
export function systemClipboard(): SystemClipboard | null {
  const clipboard = navigator.clipboard as Clipboard | undefined
  if (clipboard === undefined || typeof clipboard.readText !== 'function') return null
  return clipboard
}

export function useClipboardSync(
  link: ToolLink,
  tell: (news: ClipboardNews) => void,
  clipboard: SystemClipboard | null = systemClipboard(),
  page: Window = window,
): ClipboardSync {
  const on = ref(false)
  /** What both sides have: it must not come back as news. */
  let common: string | null = null
  let pending: string | null = null

  function toggle(): void {
    on.value = !on.value
    link.send(Channel.CLIPBOARD, encode({ type: 'switch', on: on.value }))
    pending = null
    if (on.value) void share()
  }

  async function share(): Promise<void> {
    if (!on.value || clipboard === null || !link.rights.value.has(CLIPBOARD)) return
    if (pending !== null) {
      await write(pending)
      return
    }
    try {
      offer((await clipboard.readText()).replaceAll('\r\n', '\n'))
    } catch (problem) {
      if (!(problem instanceof DOMException)) throw problem
      if (page.document.hasFocus()) tell('refused')
    }
  }

  function offer(text: string): void {
    if (text === '' || text === common) return
    common = text
    if (!fits(text)) tell('too_long')
    else link.send(Channel.CLIPBOARD, encode({ type: 'text', text }))
  }

  async function write(text: string): Promise<void> {
    common = text
    pending = text
    try {
      await clipboard?.writeText(text)
      if (pending === text) pending = null
    } catch (problem) {
      // Without the focus: at the next one. With it, the browser wants a click first.
      if (!(problem instanceof DOMException)) throw problem
    }
  }

  function received(body: Uint8Array): void {
    if (!on.value) return
    try {
      const message = decode(body)
      if (message.type === 'too_long') tell('too_long')
      else if (message.text !== common) void write(message.text)
    } catch (problem) {
      if (!(problem instanceof RemoteProtocolError)) throw problem
      tell('bad')
    }
  }

  const focused = (): void => void share()
  const pressed = (): void => {
    if (pending !== null) void share()
  }
  page.addEventListener('focus', focused)
  page.addEventListener('pointerdown', pressed)
  onScopeDispose(() => {
    page.removeEventListener('focus', focused)
    page.removeEventListener('pointerdown', pressed)
  }, true)
  link.listen(Channel.CLIPBOARD, received)
  link.greeted(() => {
    if (!on.value) return
    link.send(Channel.CLIPBOARD, encode({ type: 'switch', on: true }))
    void share()
  })
  return { on, toggle }
}
