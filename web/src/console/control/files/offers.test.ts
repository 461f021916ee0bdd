/** FT-DROPOUT: nothing is fetched before the operator has said yes. */

import { describe, expect, it, vi } from 'vitest'
import type { Entry, Offer } from '../../../protocol/files'
import { RemoteFilesError, type RemoteFiles } from '../../../remote/files/remote-files'
import { useOffers } from './offers'

const entry = (name: string, kind: Entry['kind'] = 'file'): Entry => ({ name, kind, size: 3, modified_ms: 7, hidden: false })
const offer = (...entries: Entry[]): Offer => ({ type: 'offer', folder: '/home/kim', entries, via: 'window' })

function scene(walk: RemoteFiles['walk'] = () => Promise.resolve([])) {
  const download = vi.fn()
  return { download, offers: useOffers({ walk } as RemoteFiles, download) }
}

describe('files that the PC offers', () => {
  it('are fetched after a yes, folders with all that is in them', async () => {
    const inside = { folder: '/home/kim/d', name: 'x', size: 1, modifiedMs: 1, names: ['d', 'x'] }
    const { offers, download } = scene(() => Promise.resolve([inside]))
    offers.take(offer(entry('a'), entry('d', 'folder'), entry('l', 'link')))
    expect(download).not.toHaveBeenCalled()
    await offers.accept()
    expect(download).toHaveBeenCalledExactlyOnceWith([{ folder: '/home/kim', name: 'a', size: 3, modifiedMs: 7, names: ['a'] }, inside], 'window')
    expect(offers.open.value).toBeNull()
  })

  it('are forgotten after a no, and when the link is gone', async () => {
    const { offers, download } = scene()
    offers.take(offer(entry('a')))
    offers.take(offer(entry('b')))
    offers.refuse()
    expect(offers.open.value?.entries[0]?.name).toBe('b')
    offers.forget()
    await offers.accept()
    expect(offers.open.value).toBeNull()
    expect(download).not.toHaveBeenCalled()
  })

  it('wait one behind the other, and a flood of them is bounded', () => {
    const { offers } = scene()
    for (let i = 0; i < 100; i += 1) offers.take(offer(entry(String(i))))
    const seen: (string | undefined)[] = []
    while (offers.open.value !== null) {
      seen.push(offers.open.value.entries[0]?.name)
      offers.refuse()
    }
    expect(seen.length).toBe(20)
    expect([seen[0], seen.at(-1)]).toEqual(['0', '99'])
  })

  it('say why a folder could not be read', async () => {
    const { offers, download } = scene(() => Promise.reject(new RemoteFilesError('DENIED')))
    offers.take(offer(entry('d', 'folder')))
    await offers.accept()
    expect([offers.code.value, offers.open.value, offers.busy.value]).toEqual(['DENIED', null, false])
    expect(download).not.toHaveBeenCalled()
    offers.seen()
    expect(offers.code.value).toBe('')
  })
})
