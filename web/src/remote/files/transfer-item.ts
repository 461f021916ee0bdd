/** A file in the list of transfers, as the page sees it. */

import type { Conflict, Via } from '../../protocol/files'

export type Direction = 'up' | 'down'
/** `asking`: something with its name is there, and nobody said yet what to do. */
export type State = 'queued' | 'running' | 'paused' | 'asking' | 'done' | 'failed' | 'stopped'

/** A file of this computer, opened when its turn comes. */
export interface LocalFile {
  /** Folders below the chosen place, and the file's own name. */
  readonly names: readonly string[]
  readonly size: number
  readonly open: () => Promise<File>
}

/** Where files from the PC go on this computer. */
export interface Target {
  /** What a person calls it: a folder's name; "": the browser's downloads. */
  readonly name: string
  /** How long after `save` the given file is still being read. */
  readonly readsForMs: number
  exists(names: readonly string[]): Promise<boolean>
  /** Rejects with DiskError. `conflict` "replace" or "keep_both" if there is one of that name. -> the name that it got. */
  save(names: readonly string[], file: File, conflict: Conflict): Promise<string>
}

interface Common {
  readonly id: number
  /** Folder on the PC, as it named it; "" for an upload: the folder for dropped files. */
  readonly folder: string
  readonly via: Via
  /** Files that were added together: a choice "for all" is for these. */
  readonly batch: number
  size: number
  /** Bytes that are at the other end. */
  done: number
  state: State
  /** Why it failed. */
  code: string
  conflict: Conflict
  /** Bytes per second, of late. */
  speed: number
  sha256: string
  /** Where it is now at the other end. */
  path: string
}

export interface UploadItem extends Common {
  readonly direction: 'up'
  readonly local: LocalFile
}

export interface DownloadItem extends Common {
  readonly direction: 'down'
  /** Names below `folder` on the PC: one file. */
  readonly remote: readonly string[]
  /** Names below the target. */
  readonly names: readonly string[]
  modifiedMs: number
  readonly target: Target
}

export type Item = UploadItem | DownloadItem

export function namesOf(item: Item): readonly string[] {
  return item.direction === 'up' ? item.local.names : item.names
}

export function isOver(item: Item): boolean {
  return item.state === 'done' || item.state === 'failed' || item.state === 'stopped'
}

/** Seconds until it is there; null: not known. */
export function secondsLeft(item: Item): number | null {
  return item.state === 'running' && item.speed > 0 ? Math.ceil((item.size - item.done) / item.speed) : null
}
