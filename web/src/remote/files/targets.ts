/** Where files from the PC go on this computer: a folder that the operator has opened, or the browser's downloads. */

import type { Conflict } from '../../protocol/files'
import { DiskError } from './disk'
import { numbered, safeName } from './safe-name'
import type { Target } from './transfer-item'

const MINUTE_MS = 60_000
const MAX_NUMBER = 10_000

const CODES: Readonly<Record<string, string>> = {
  QuotaExceededError: 'DISK_FULL',
  NotAllowedError: 'DENIED',
  NoModificationAllowedError: 'BUSY',
  InvalidModificationError: 'BUSY',
  NotFoundError: 'NOT_FOUND',
  TypeMismatchError: 'EXISTS',
}

function translated(problem: unknown): unknown {
  if (problem instanceof DOMException) return new DiskError(CODES[problem.name] ?? 'FAILED')
  // What browsers answer to names that they take for dangerous (.lnk, .scf).
  return problem instanceof TypeError ? new DiskError('BAD_NAME') : problem
}

export class FolderTarget implements Target {
  readonly name: string
  readonly readsForMs = 0

  constructor(private readonly folder: FileSystemDirectoryHandle) {
    this.name = folder.name
  }

  async exists(names: readonly string[]): Promise<boolean> {
    let folder = this.folder
    try {
      for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(safeName(name))
    } catch (problem) {
      if (problem instanceof DOMException && problem.name === 'NotFoundError') return false
      throw translated(problem)
    }
    return taken(folder, safeName(names.at(-1) ?? ''))
  }

  async save(names: readonly string[], file: File, conflict: Conflict): Promise<string> {
    try {
      let folder = this.folder
      for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(safeName(name), { create: true })
      const wanted = safeName(names.at(-1) ?? '')
      const name = conflict === 'replace' ? wanted : await freeName(folder, wanted)
      await copy(file, await folder.getFileHandle(name, { create: true }))
      return name
    } catch (problem) {
      throw translated(problem)
    }
  }
}

/** The browser writes beside the target and puts it in place at the end. */
async function copy(file: File, handle: FileSystemFileHandle): Promise<void> {
  const writable = await handle.createWritable()
  await file.stream().pipeTo(writable)
}

async function taken(folder: FileSystemDirectoryHandle, name: string): Promise<boolean> {
  try {
    await folder.getFileHandle(name)
    return true
  } catch (problem) {
    if (!(problem instanceof DOMException)) throw translated(problem)
    if (problem.name === 'NotFoundError') return false
    if (problem.name === 'TypeMismatchError') return true
    throw translated(problem)
  }
}

async function freeName(folder: FileSystemDirectoryHandle, wanted: string): Promise<string> {
  let name = wanted
  for (let number = 2; number < MAX_NUMBER && (await taken(folder, name)); number += 1) name = numbered(wanted, number)
  return name
}

/** The browser finds a free name by itself, and reads the file while it shows the download. */
export class DownloadsTarget implements Target {
  readonly name = ''
  readonly readsForMs = 15 * MINUTE_MS

  constructor(private readonly download: (file: Blob, name: string) => void) {}

  exists(): Promise<boolean> {
    return Promise.resolve(false)
  }

  save(names: readonly string[], file: File): Promise<string> {
    const name = safeName(names.at(-1) ?? '')
    this.download(file, name)
    return Promise.resolve(name)
  }
}
