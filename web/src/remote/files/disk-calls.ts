/** Messages between the page and the worker that has the disk. */

import type { Bytes } from '../../protocol/bytes'

export type DiskCall =
  | { readonly op: 'source'; readonly unit: number; readonly file: File }
  | { readonly op: 'sink'; readonly unit: number; readonly key: string }
  | { readonly op: 'read'; readonly unit: number; readonly length: number }
  | { readonly op: 'skip'; readonly unit: number; readonly offset: number }
  | { readonly op: 'write'; readonly unit: number; readonly data: Bytes }
  | { readonly op: 'restart' | 'finish' | 'close' | 'discard'; readonly unit: number }

export interface DiskRequest {
  readonly id: number
  readonly call: DiskCall
}

/** `value`: bytes of a read, the offset of a sink, a sum, or nothing. */
export interface DiskAnswer {
  readonly id: number
  readonly code: string
  readonly value: Bytes | number | string | null
}

/** Folder of arriving files in the origin's own storage. */
export const FOLDER = 'arriving'
