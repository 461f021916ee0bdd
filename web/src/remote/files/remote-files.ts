/** The PC's folders, asked for over the link: each question is a promise that the link's end rejects. */

import type { AgentMessage, ConsoleMessage, Entry, Places } from '../../protocol/files'
import type { RemoteFile } from './transfers'

/** `code`: a word of the agent, or CONNECTION_LOST. */
export class RemoteFilesError extends Error {
  constructor(readonly code: string) {
    super(code)
  }
}

export interface Listed {
  /** Absolute, as the PC writes it. */
  readonly folder: string
  /** "": the places. */
  readonly parent: string
  readonly entries: readonly Entry[]
}

interface Waiting {
  readonly hear: (message: AgentMessage) => void
  readonly reject: (problem: RemoteFilesError) => void
}

/** More files than this are not taken at once. */
const MAX_FILES = 50_000
const MAX_DEPTH = 60

export class RemoteFiles {
  private readonly waiting = new Map<number, Waiting>()
  private requests = 0

  /** `send` answers false when there is no link. */
  constructor(private readonly send: (message: ConsoleMessage) => boolean) {}

  receive(message: AgentMessage): void {
    if ('request' in message) this.waiting.get(message.request)?.hear(message)
  }

  linkDown(): void {
    for (const { reject } of [...this.waiting.values()]) reject(new RemoteFilesError('CONNECTION_LOST'))
    this.waiting.clear()
  }

  places(): Promise<Places> {
    return this.ask((request) => ({ type: 'list', request, folder: '', name: '' }), (message, done) => {
      if (message.type === 'places') done(message)
    })
  }

  /** `page` is called with all that is known so far. Entries come in the order of the disk. */
  list(folder: string, name: string, page: (listed: Listed) => void = () => undefined): Promise<Listed> {
    const entries: Entry[] = []
    return this.ask((request) => ({ type: 'list', request, folder, name }), (message, done) => {
      if (message.type !== 'entries') return
      for (const entry of message.entries) entries.push(entry)
      const listed = { folder: message.folder, parent: message.parent, entries }
      if (message.last) done(listed)
      else {
        this.send({ type: 'more', request: message.request })
        page(listed)
      }
    })
  }

  make(folder: string, names: readonly string[]): Promise<void> {
    return this.act((request) => ({ type: 'make', request, folder, names }))
  }

  rename(folder: string, name: string, to: string): Promise<void> {
    return this.act((request) => ({ type: 'rename', request, folder, name, to }))
  }

  remove(folder: string, name: string): Promise<void> {
    return this.act((request) => ({ type: 'remove', request, folder, name }))
  }

  /** All files of a folder of the PC and of those in it; links are not followed. */
  async walk(folder: string, name: string, above: readonly string[] = []): Promise<RemoteFile[]> {
    const listed = await this.list(folder, name)
    const names = [...above, name]
    const found: RemoteFile[] = []
    for (const entry of listed.entries) {
      if (entry.kind === 'file') found.push(remoteFile(listed.folder, entry, names))
      else if (entry.kind === 'folder' && names.length < MAX_DEPTH) {
        for (const one of await this.walk(listed.folder, entry.name, names)) found.push(one)
      }
      if (found.length > MAX_FILES) throw new RemoteFilesError('TOO_MANY')
    }
    return found
  }

  private act(message: (request: number) => ConsoleMessage): Promise<void> {
    return this.ask(message, (answer, done) => {
      if (answer.type === 'result') done(undefined)
    })
  }

  private ask<T>(message: (request: number) => ConsoleMessage, hear: (message: AgentMessage, done: (value: T) => void) => void): Promise<T> {
    this.requests += 1
    const request = this.requests
    return new Promise((resolve, reject: (problem: RemoteFilesError) => void) => {
      const done = (value: T): void => {
        this.waiting.delete(request)
        resolve(value)
      }
      this.waiting.set(request, {
        reject,
        hear: (answer) => {
          if (answer.type === 'result' && answer.code !== '') {
            this.waiting.delete(request)
            reject(new RemoteFilesError(answer.code))
          } else hear(answer, done)
        },
      })
      if (this.send(message(request))) return
      this.waiting.delete(request)
      reject(new RemoteFilesError('CONNECTION_LOST'))
    })
  }
}

export function remoteFile(folder: string, entry: Entry, above: readonly string[] = []): RemoteFile {
  return { folder, name: entry.name, size: entry.size, modifiedMs: entry.modified_ms, names: [...above, entry.name] }
}
