/** The server's time as the pages need it for countdowns: PCs of operators have wrong clocks. */

let offsetMs = 0
let known = false

/** Takes the Date header of an answer; its resolution is one second, good enough for a countdown. */
export function noteServerDate(header: string | null, localNow = Date.now()): void {
  const server = header === null ? NaN : Date.parse(header)
  if (Number.isNaN(server)) return
  const found = server - localNow
  if (!known || Math.abs(found - offsetMs) > 1500) offsetMs = found
  known = true
}

/** Milliseconds since the epoch by the server's clock. */
export function serverNow(localNow = Date.now()): number {
  return localNow + offsetMs
}
