/** What the engine needs of the browser, as arguments: tests pass their own. */

import type { Bytes } from '../protocol/bytes'
import type { Clock } from '../protocol/secure'

/** The part of WebSocket that is used; binary messages arrive as ArrayBuffer. */
export interface Socket {
  onopen: (() => void) | null
  onmessage: ((data: string | ArrayBuffer) => void) | null
  onclose: ((code: number) => void) | null
  send(data: string | Bytes): void
  close(): void
}

export interface Environment {
  readonly openSocket: (url: string) => Socket
  readonly clock: Clock
  /** For causes that have no place in the protocol, such as a bug of ours. */
  readonly log: (text: string, problem: unknown) => void
}

export function browserSocket(url: string): Socket {
  const real = new WebSocket(url)
  real.binaryType = 'arraybuffer'
  const socket: Socket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    send: (data) => {
      real.send(data)
    },
    close: () => {
      real.close()
    },
  }
  real.onopen = () => socket.onopen?.()
  real.onmessage = (event: MessageEvent<string | ArrayBuffer>) => socket.onmessage?.(event.data)
  real.onclose = (event) => socket.onclose?.(event.code)
  return socket
}

export const browserEnvironment: Environment = {
  openSocket: browserSocket,
  clock: () => performance.now(),
  log: (text, problem) => {
    console.error(`WizHelper remote: ${text}`, problem)
  },
}
