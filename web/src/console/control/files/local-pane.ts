/**
 * This computer's side. Where the browser lets pages open folders, it is a folder that the operator has opened, with its
 * folders; elsewhere it is the list of files that were chosen, and what comes goes to the browser's downloads.
 */

import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import { fromHandle } from '../../../remote/files/local'
import { DownloadsTarget, FolderTarget } from '../../../remote/files/targets'
import type { LocalFile, Target } from '../../../remote/files/transfer-item'
import { download } from '../saving'
import type { Row } from './rows'

type Folder = FileSystemDirectoryHandle

interface Picker {
  showDirectoryPicker?: (options: { id: string; mode: 'readwrite' }) => Promise<Folder>
}

export interface LocalPane {
  /** Whether this browser lets a page open folders. */
  readonly canOpenFolders: boolean
  rows: ShallowRef<readonly Row[]>
  /** Names from the opened folder to the one that is shown; none: nothing is opened. */
  path: ComputedRef<readonly string[]>
  loading: Ref<boolean>
  problem: Ref<string>
  target: ComputedRef<Target>
  pick: () => Promise<void>
  open: (row: Row) => Promise<void>
  up: () => Promise<void>
  refresh: () => Promise<void>
  make: (name: string) => Promise<void>
  /** Adds to the chosen files, where no folder is opened. */
  choose: (files: readonly LocalFile[]) => void
  remove: (rows: readonly Row[]) => void
  /** With all that is in them. */
  filesOf: (rows: readonly Row[]) => Promise<LocalFile[]>
}

export const DOWNLOADS = new DownloadsTarget(download)

export function useLocalPane(): LocalPane {
  const picker = globalThis as Picker
  const stack = shallowRef<readonly Folder[]>([])
  const chosen = shallowRef<readonly LocalFile[]>([])
  const rows = shallowRef<readonly Row[]>([])
  const loading = ref(false)
  const problem = ref('')

  async function tried(work: () => Promise<void>): Promise<void> {
    loading.value = true
    problem.value = ''
    try {
      await work()
    } catch (failure) {
      if (!(failure instanceof DOMException)) throw failure
      // The operator closed the browser's dialog.
      if (failure.name !== 'AbortError') problem.value = failure.name === 'NotAllowedError' ? 'DENIED' : 'NOT_FOUND'
    } finally {
      loading.value = false
    }
  }

  async function show(folders: readonly Folder[]): Promise<void> {
    const last = folders.at(-1)
    stack.value = folders
    if (last === undefined) {
      rows.value = chosen.value.map((file) => ({ name: file.names.join('/'), kind: 'file', size: file.size, modifiedMs: null, hidden: false }))
      return
    }
    const found: Row[] = []
    for await (const handle of last.values()) found.push(await rowOf(handle))
    rows.value = found
  }

  return {
    canOpenFolders: picker.showDirectoryPicker !== undefined,
    rows,
    path: computed(() => stack.value.map((folder) => folder.name)),
    loading,
    problem,
    target: computed(() => {
      const folder = stack.value.at(-1)
      return folder === undefined ? DOWNLOADS : new FolderTarget(folder)
    }),
    pick: () =>
      tried(async () => {
        const folder = await picker.showDirectoryPicker?.({ id: 'wizhelper', mode: 'readwrite' })
        if (folder !== undefined) await show([folder])
      }),
    open: (row) =>
      tried(async () => {
        const inner = await stack.value.at(-1)?.getDirectoryHandle(row.name)
        if (inner !== undefined) await show([...stack.value, inner])
      }),
    up: () => tried(() => show(stack.value.slice(0, -1))),
    refresh: () => tried(() => show(stack.value)),
    make: (name) =>
      tried(async () => {
        await stack.value.at(-1)?.getDirectoryHandle(name, { create: true })
        await show(stack.value)
      }),
    choose: (files) => {
      chosen.value = [...chosen.value, ...files]
      void show([])
    },
    remove: (gone) => {
      const names = new Set(gone.map((row) => row.name))
      chosen.value = chosen.value.filter((file) => !names.has(file.names.join('/')))
      void show([])
    },
    filesOf: async (wanted) => {
      const names = new Set(wanted.map((row) => row.name))
      const folder = stack.value.at(-1)
      if (folder === undefined) return chosen.value.filter((file) => names.has(file.names.join('/')))
      const found: LocalFile[] = []
      for await (const handle of folder.values()) if (names.has(handle.name)) await fromHandle(handle, [], found)
      return found
    },
  }
}

async function rowOf(handle: FileSystemHandle): Promise<Row> {
  const hidden = handle.name.startsWith('.')
  if (handle.kind === 'directory') return { name: handle.name, kind: 'folder', size: null, modifiedMs: null, hidden }
  try {
    const file = await (handle as FileSystemFileHandle).getFile()
    return { name: handle.name, kind: 'file', size: file.size, modifiedMs: file.lastModified, hidden }
  } catch (failure) {
    if (!(failure instanceof DOMException)) throw failure
    return { name: handle.name, kind: 'other', size: null, modifiedMs: null, hidden }
  }
}
