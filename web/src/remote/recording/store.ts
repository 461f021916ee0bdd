/** Where recordings lie: the browser's own file system of this origin, one .webm and one .json with its marks each. */

export const FOLDER = 'recordings'

/** A place of the recording to jump to. `kind` is a key of the words, `ms` since its beginning. */
export interface Mark {
  readonly kind: string
  readonly ms: number
}

export interface Recording {
  readonly name: string
  readonly bytes: number
  readonly at: Date
  readonly marks: readonly Mark[]
}

/** Creates it if need be. Rejects with DOMException where the browser keeps no files (private windows of some). */
export async function folder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory()
  return root.getDirectoryHandle(FOLDER, { create: true })
}

/** The name of the marks of a recording. */
export function marksOf(name: string): string {
  return name.replace(/\.webm$/, '.json')
}

/** Newest first. */
export async function list(): Promise<Recording[]> {
  const found: Recording[] = []
  const where = await folder()
  for await (const [name, handle] of where.entries()) {
    if (handle.kind !== 'file' || !name.endsWith('.webm')) continue
    const file = await (handle as FileSystemFileHandle).getFile()
    if (file.size > 0) found.push({ name, bytes: file.size, at: new Date(file.lastModified), marks: await marks(where, name) })
  }
  return found.sort((a, b) => b.at.getTime() - a.at.getTime())
}

/** The file as the disk has it; it is not read into memory. */
export async function open(name: string): Promise<File> {
  const handle = await (await folder()).getFileHandle(name)
  return handle.getFile()
}

export async function remove(name: string): Promise<void> {
  const where = await folder()
  await where.removeEntry(name)
  await where.removeEntry(marksOf(name)).catch(ignoreMissing)
}

async function marks(where: FileSystemDirectoryHandle, name: string): Promise<Mark[]> {
  try {
    const handle = await where.getFileHandle(marksOf(name))
    return readMarks(await (await handle.getFile()).text())
  } catch (problem) {
    ignoreMissing(problem)
    return []
  }
}

/** What is no list of marks counts as none: a recording that was broken off has none. */
export function readMarks(text: string): Mark[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.filter(isMark) : []
  } catch (problem) {
    if (problem instanceof SyntaxError) return []
    throw problem
  }
}

function isMark(value: unknown): value is Mark {
  const mark = value as Partial<Mark> | null
  return typeof mark?.kind === 'string' && typeof mark.ms === 'number' && mark.ms >= 0
}

function ignoreMissing(problem: unknown): void {
  if (!(problem instanceof DOMException && problem.name === 'NotFoundError')) throw problem
}
