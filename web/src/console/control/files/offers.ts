/** What somebody at the PC hands over: asked for once, and nothing is written before the operator has said yes. FT-DROPOUT */

import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import type { Offer, Via } from '../../../protocol/files'
import { RemoteFilesError, remoteFile, type RemoteFiles } from '../../../remote/files/remote-files'
import type { RemoteFile } from '../../../remote/files/transfers'

/** One that nobody answers gives way to newer ones. */
const MAX_WAITING = 20

export interface Offers {
  /** The oldest that waits for an answer. */
  readonly open: ShallowRef<Offer | null>
  readonly busy: Ref<boolean>
  /** Why the last one could not be taken: a word of the agent. */
  readonly code: Ref<string>
  take: (offer: Offer) => void
  accept: () => Promise<void>
  refuse: () => void
  /** The trouble was read. */
  seen: () => void
  forget: () => void
}

export function useOffers(remote: RemoteFiles, download: (files: readonly RemoteFile[], via: Via) => void): Offers {
  const waiting: Offer[] = []
  const open = shallowRef<Offer | null>(null)
  const busy = ref(false)
  const code = ref('')

  function next(): void {
    waiting.shift()
    open.value = waiting[0] ?? null
  }

  async function found(offer: Offer): Promise<RemoteFile[]> {
    const all: RemoteFile[] = []
    for (const entry of offer.entries) {
      if (entry.kind === 'file') all.push(remoteFile(offer.folder, entry))
      else if (entry.kind === 'folder') all.push(...(await remote.walk(offer.folder, entry.name)))
    }
    return all
  }

  return {
    open,
    busy,
    code,
    take: (offer) => {
      if (waiting.length >= MAX_WAITING) waiting.splice(1, 1)
      waiting.push(offer)
      open.value = waiting[0] ?? null
    },
    accept: async () => {
      const offer = open.value
      if (offer === null || busy.value) return
      busy.value = true
      code.value = ''
      try {
        download(await found(offer), offer.via)
      } catch (problem) {
        if (!(problem instanceof RemoteFilesError)) throw problem
        code.value = problem.code
      } finally {
        busy.value = false
        if (open.value === offer) next()
      }
    },
    refuse: next,
    seen: () => (code.value = ''),
    forget: () => {
      waiting.length = 0
      open.value = null
    },
  }
}
