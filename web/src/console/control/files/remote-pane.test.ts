/** The PC's side of the file manager: places, folders page by page, and answers that come too late. FT-PANES */

import { describe, expect, it } from 'vitest'
import type { AgentMessage, ConsoleMessage, Entry } from '../../../protocol/files'
import { RemoteFiles, RemoteFilesError } from '../../../remote/files/remote-files'
import { useRemotePane } from './remote-pane'

const entry = (name: string, kind: Entry['kind'] = 'file'): Entry => ({ name, kind, size: 1, modified_ms: 1, hidden: false })
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

function bench(): { remote: RemoteFiles; sent: ConsoleMessage[]; hear: (message: AgentMessage) => Promise<void> } {
  const sent: ConsoleMessage[] = []
  const remote = new RemoteFiles((message) => sent.push(message) > 0)
  return {
    remote,
    sent,
    hear: async (message) => {
      remote.receive(message)
      await settled()
    },
  }
}

function page(request: number, folder: string, names: string[], last: boolean): AgentMessage {
  return { type: 'entries', request, folder, parent: '/', last, entries: names.map((name) => entry(name)) }
}

describe('the remote pane', () => {
  it('opens a place by its path and a folder by its name', async () => {
    const { remote, sent, hear } = bench()
    const pane = useRemotePane(remote)
    void pane.show('')
    const home = { kind: 'home', name: '', path: 'C:\\Users\\kim', free: null, size: null } as const
    await hear({ type: 'places', request: 1, separator: '\\', places: [home] })
    const [place] = pane.rows.value
    void pane.open(place!)
    expect(sent[1]).toMatchObject({ type: 'list', folder: 'C:\\Users\\kim', name: '' })
    await hear({ type: 'entries', request: 2, folder: 'C:\\Users\\kim', parent: 'C:\\', last: true, entries: [entry('문서', 'folder')] })
    expect(pane.pathOf(pane.rows.value[0]!)).toBe('C:\\Users\\kim\\문서')
    void pane.open(pane.rows.value[0]!)
    expect(sent[2]).toMatchObject({ type: 'list', folder: 'C:\\Users\\kim', name: '문서' })
  })

  it('shows pages as they come and asks for more; shown again it waits for all', async () => {
    const { remote, sent, hear } = bench()
    const pane = useRemotePane(remote)
    void pane.show('/a')
    await hear(page(1, '/a', ['1'], false))
    expect(pane.rows.value).toHaveLength(1)
    expect(sent.at(-1)).toEqual({ type: 'more', request: 1 })
    await hear(page(1, '/a', ['2'], true))
    expect(pane.rows.value).toHaveLength(2)
    void pane.refresh()
    await hear(page(2, '/a', ['1'], false))
    expect(pane.rows.value).toHaveLength(2)
    await hear(page(2, '/a', [], true))
    expect(pane.rows.value).toHaveLength(1)
  })

  it('forgets what came too late, and says why a folder is not shown', async () => {
    const { remote, hear } = bench()
    const pane = useRemotePane(remote)
    void pane.show('/slow')
    void pane.show('/quick')
    await hear(page(2, '/quick', ['q'], true))
    await hear(page(1, '/slow', ['s'], true))
    expect(pane.folder.value).toBe('/quick')
    void pane.show('/secret')
    await hear({ type: 'result', request: 3, code: 'DENIED' })
    expect([pane.problem.value, pane.folder.value, pane.loading.value]).toEqual(['DENIED', '/quick', false])
  })

  it('ends with the link', async () => {
    const { remote } = bench()
    const asked = remote.list('/a', '')
    remote.linkDown()
    await expect(asked).rejects.toEqual(new RemoteFilesError('CONNECTION_LOST'))
  })

  it('walks folders and no links', async () => {
    const { remote, hear } = bench()
    const found = remote.walk('/home', 'logs')
    const entries = [entry('a'), entry('sub', 'folder'), entry('out', 'link'), entry('pipe', 'other')]
    await hear({ type: 'entries', request: 1, folder: '/home/logs', parent: '/home', last: true, entries })
    await hear(page(2, '/home/logs/sub', ['b'], true))
    expect((await found).map((file) => [file.folder, file.names.join('/')])).toEqual([
      ['/home/logs', 'logs/a'],
      ['/home/logs/sub', 'logs/sub/b'],
    ])
  })
})
