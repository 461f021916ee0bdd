/**
 * The sizes in a WebM file that nobody completed: its writer notes how long the whole and its latest cluster are when it is
 * through with them. RFC 8794 (EBML), RFC 9559 (Matroska).
 */

const SEGMENT = 0x18538067
const CLUSTER = 0x1f43b675
const HEADER_BYTES = 12

interface Element {
  readonly id: number
  /** Where its size stands, and in how many bytes. */
  readonly sizeAt: number
  readonly sizeBytes: number
  readonly size: number
  readonly dataAt: number
}

/** The file with the size of the whole and of its last cluster reaching to its end. What is no WebM comes back as it is. */
export async function withSizes(file: Blob): Promise<Blob> {
  const head = await elementAt(file, 0)
  const segment = head && (await elementAt(file, head.dataAt + head.size))
  if (segment?.id !== SEGMENT) return file
  const last = await lastCluster(file, segment.dataAt)
  const patches = last === null ? [segment] : [segment, last]
  return patches.reduce(reachingToTheEnd, file)
}

/** The latest is the one that is still open: its size is that of its first words only. */
async function lastCluster(file: Blob, begin: number): Promise<Element | null> {
  let found: Element | null = null
  let at = begin
  for (;;) {
    const element = await elementAt(file, at)
    if (element === null || element.dataAt + element.size > file.size) return found
    if (element.id === CLUSTER) found = element
    // Blocks stand where a next element would, if this cluster is the open one: they end the walk, having other ids.
    else if (found !== null) return found
    at = element.dataAt + element.size
  }
}

function reachingToTheEnd(file: Blob, { sizeAt, sizeBytes, dataAt }: Element): Blob {
  const field = new Uint8Array(sizeBytes)
  let rest = file.size - dataAt
  for (let i = sizeBytes - 1; i >= 0; i -= 1) {
    field[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  field[0] = (field[0] ?? 0) | (0x80 >> (sizeBytes - 1))
  return new Blob([file.slice(0, sizeAt), field, file.slice(sizeAt + sizeBytes)])
}

/** Null at the end of the file, and where no element can be. */
async function elementAt(file: Blob, at: number): Promise<Element | null> {
  const bytes = new Uint8Array(await file.slice(at, at + HEADER_BYTES).arrayBuffer())
  const idBytes = lengthOf(bytes[0])
  const sizeBytes = lengthOf(bytes[idBytes])
  if (idBytes === 0 || idBytes > 4 || sizeBytes === 0 || idBytes + sizeBytes > bytes.length) return null
  const id = number(bytes.subarray(0, idBytes))
  const size = number(bytes.subarray(idBytes, idBytes + sizeBytes)) - 2 ** (7 * sizeBytes)
  return { id, sizeAt: at + idBytes, sizeBytes, size, dataAt: at + idBytes + sizeBytes }
}

/** Of a number whose first byte tells its length by its zeros; 0 if that is none. */
const lengthOf = (first: number | undefined): number => (first === undefined || first === 0 ? 0 : Math.clz32(first) - 23)

const number = (bytes: Uint8Array): number => bytes.reduce((value, byte) => value * 256 + byte, 0)
