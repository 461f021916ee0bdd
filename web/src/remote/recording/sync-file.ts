/** Files that are written in place: only a worker has them. */

/** FileSystemSyncAccessHandle: TypeScript's page library does not know what only workers have. */
export interface SyncHandle {
  write(data: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  flush(): void
  close(): void
}

/** An empty file of that name. */
export async function openHandle(folder: FileSystemDirectoryHandle, name: string): Promise<SyncHandle> {
  const handle = await folder.getFileHandle(name, { create: true })
  const opened = await (handle as unknown as { createSyncAccessHandle(): Promise<SyncHandle> }).createSyncAccessHandle()
  opened.truncate(0)
  return opened
}
