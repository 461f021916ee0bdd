/** Giving a file to the person at the browser. */

/** Long enough for the browser to open the address of a download. */
const KEEP_MS = 60_000

/** Puts the blob into the browser's downloads. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => {
    URL.revokeObjectURL(link.href)
  }, KEEP_MS)
}
