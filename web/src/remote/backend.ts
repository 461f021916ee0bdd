/** Where the engine runs: in a worker that owns the canvas, or on this thread where the browser has no OffscreenCanvas. */

import workerUrl from './worker?worker&url'
import { CanvasSurface } from './canvas'
import { Engine, type Command, type EngineOutput } from './engine'
import { browserEnvironment } from './environment'
import { openWorkerOf } from './open-worker'

export interface Backend {
  /** `transfer`: memory that is handed over. */
  post(command: Command, transfer?: Transferable[]): void
  /** Stops the engine at once. The canvas cannot be used for another session. */
  terminate(): void
}

/** Makes the backend of a session; the canvas must not have a context and must not have been used before. */
export type OpenBackend = (canvas: HTMLCanvasElement, listen: (output: EngineOutput) => void) => Backend

/** What the worker is told first. */
export interface WorkerStart {
  readonly type: 'start'
  readonly canvas: OffscreenCanvas
}

export const openBackend: OpenBackend = (canvas, listen) =>
  typeof canvas.transferControlToOffscreen === 'function' ? openWorker(canvas, listen) : openLocal(canvas, listen)

function openWorker(canvas: HTMLCanvasElement, listen: (output: EngineOutput) => void): Backend {
  const worker = openWorkerOf(workerUrl, 'remote')
  const offscreen = canvas.transferControlToOffscreen()
  worker.onmessage = (event: MessageEvent<EngineOutput>) => {
    listen(event.data)
  }
  worker.onerror = (event) => {
    browserEnvironment.log('worker failed', event.message)
    listen({ type: 'broken' })
  }
  const start: WorkerStart = { type: 'start', canvas: offscreen }
  worker.postMessage(start, [offscreen])
  return {
    post: (command, transfer = []) => {
      worker.postMessage(command, transfer)
    },
    terminate: () => {
      worker.terminate()
    },
  }
}

function openLocal(canvas: HTMLCanvasElement, listen: (output: EngineOutput) => void): Backend {
  const engine = new Engine(new CanvasSurface(canvas), browserEnvironment, listen)
  return {
    post: (command) => {
      engine.handle(command)
    },
    terminate: () => {
      engine.handle({ type: 'disconnect', ending: { kind: 'ended', code: 'CLOSED' }, forget: true })
    },
  }
}
