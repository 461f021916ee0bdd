/** Files of this computer as a browser gives them: chosen, dropped, or in a folder that the operator has opened. */

import type { LocalFile } from './transfer-item'

export const MAX_LOCAL_FILES = 50_000

export class TooManyFilesError extends Error {}

function add(found: LocalFile[], file: LocalFile): void {
  if (found.length >= MAX_LOCAL_FILES) throw new TooManyFilesError()
  found.push(file)
}

/** Of `<input type=file>`, also one that takes a folder. */
export function fromList(files: Iterable<File>): LocalFile[] {
  return Array.from(files, (file) => {
    const names = file.webkitRelativePath === '' ? [file.name] : file.webkitRelativePath.split('/')
    return { names, size: file.size, open: () => Promise.resolve(file) }
  })
}

/** What was dropped, folders with all that is in them. The entries must be taken before the event is over: call it at once. */
export async function fromDrop(items: DataTransferItemList): Promise<LocalFile[]> {
  const dropped = Array.from(items).filter((item) => item.kind === 'file')
  const taken = dropped.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }))
  const found: LocalFile[] = []
  for (const { entry, file } of taken) {
    if (entry !== null) await addEntry(entry, [], found)
    // What was made by another page is a file without a place on the disk.
    else if (file !== null) for (const one of fromList([file])) add(found, one)
  }
  return found
}

async function addEntry(entry: FileSystemEntry, above: readonly string[], found: LocalFile[]): Promise<void> {
  const names = [...above, entry.name]
  if (entry.isFile) {
    const file = await fileOf(entry as FileSystemFileEntry)
    add(found, { names, size: file.size, open: () => fileOf(entry as FileSystemFileEntry) })
    return
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  // A reader gives a hundred at a time, and none at the end.
  for (let some = await read(reader); some.length > 0; some = await read(reader)) {
    for (const one of some) await addEntry(one, names, found)
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, reject)
  })
}

function read(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => {
    reader.readEntries(resolve, reject)
  })
}

/** A file or a whole folder of an opened folder. */
export async function fromHandle(
  handle: FileSystemHandle,
  above: readonly string[] = [],
  found: LocalFile[] = [],
): Promise<LocalFile[]> {
  const names = [...above, handle.name]
  if (handle.kind === 'file') {
    const open = (): Promise<File> => (handle as FileSystemFileHandle).getFile()
    add(found, { names, size: (await open()).size, open })
    return found
  }
  for await (const inner of (handle as FileSystemDirectoryHandle).values()) await fromHandle(inner, names, found)
  return found
}
