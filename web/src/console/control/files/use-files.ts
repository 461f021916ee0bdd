/** The file tool of a control window: one list of transfers for its whole life, whatever panel is open. RC-FT RC-FILELOG */

import { computed, onScopeDispose, shallowRef, triggerRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import { toHex, utf8 } from '../../../protocol/bytes'
import { Channel, FILES } from '../../../protocol/channels'
import { decode, encode, type ConsoleMessage, type Via } from '../../../protocol/files'
import type { Disk } from '../../../remote/files/disk'
import { RemoteFiles } from '../../../remote/files/remote-files'
import { isOver, type DownloadItem, type Item, type LocalFile, type Target } from '../../../remote/files/transfer-item'
import { Transfers } from '../../../remote/files/transfers'
import { WorkerDisk } from '../../../remote/files/worker-disk'
import type { ToolLink } from '../tool-link'
import { DOWNLOADS } from './local-pane'
import { useOffers, type Offers } from './offers'

const SHOW_MS = 250

export interface FileTool {
  readonly allowed: ComputedRef<boolean>
  readonly remote: RemoteFiles
  readonly transfers: Transfers
  /** The list as it was when it last changed; the items themselves are the engine's own. */
  readonly items: ShallowRef<readonly Item[]>
  /** Files that are not there yet. */
  readonly open: ComputedRef<number>
  /** Where files from the PC go: a folder that the operator opened, or the browser's downloads. */
  readonly target: Readonly<ShallowRef<Target>>
  saveTo: (target: Target) => void
  readonly offers: Offers
  upload: (files: readonly LocalFile[], folder: string, via: Via) => void
}

interface Owned {
  readonly disk: Disk & { close?: () => void }
}

/** `sessionId`: parts of one session's files are not taken for those of another PC. */
export function useFiles(link: ToolLink, sessionId: string, { disk }: Owned = { disk: new WorkerDisk() }): FileTool {
  const items = shallowRef<readonly Item[]>([])
  const allowed = computed(() => link.rights.value.has(FILES))
  const send = (message: ConsoleMessage): boolean => link.send(Channel.FILES, encode(message))
  let showing: ReturnType<typeof setTimeout> | null = null

  function show(): void {
    showing ??= setTimeout(() => {
      showing = null
      items.value = transfers.items
      triggerRef(items)
    }, SHOW_MS)
  }

  const remote = new RemoteFiles(send)
  const transfers = new Transfers({
    disk,
    clock: () => performance.now(),
    send,
    changed: show,
    keyOf: (item) => keyOf(sessionId, item),
    log: (text, problem) => {
      console.warn(text, problem)
    },
  })

  link.listen(Channel.FILES, (body) => {
    const message = decode(body)
    if (message.type === 'offer') offers.take(message)
    else {
      remote.receive(message)
      transfers.receive(message)
    }
  })
  watch(
    allowed,
    (now) => {
      if (now) return transfers.linkUp()
      remote.linkDown()
      transfers.linkDown()
      offers.forget()
    },
    { flush: 'sync' },
  )

  const target = shallowRef<Target>(DOWNLOADS)
  const offers = useOffers(remote, (found, via) => {
    transfers.download(found, target.value, via)
  })

  function warn(event: BeforeUnloadEvent): void {
    if (transfers.items.some((item) => item.state === 'running')) event.preventDefault()
  }
  window.addEventListener('beforeunload', warn)
  onScopeDispose(() => {
    window.removeEventListener('beforeunload', warn)
    transfers.linkDown()
    disk.close?.()
  })

  return {
    allowed,
    target,
    saveTo: (next) => (target.value = next),
    offers,
    remote,
    transfers,
    items,
    open: computed(() => items.value.filter((item) => !isOver(item)).length),
    upload: (files, folder, via) => {
      transfers.upload(files, folder, via)
    },
  }
}

async function keyOf(sessionId: string, item: DownloadItem): Promise<string> {
  const facts = JSON.stringify([sessionId, item.folder, item.remote, item.size, item.modifiedMs])
  const sum = await crypto.subtle.digest('SHA-256', utf8(facts))
  return toHex(new Uint8Array(sum)).slice(0, 32)
}
