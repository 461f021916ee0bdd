/** The worker around the engine: one worker, one canvas, one session. */

import type { WorkerStart } from './backend'
import { CanvasSurface } from './canvas'
import { Engine, type Command, type EngineOutput } from './engine'
import { browserEnvironment } from './environment'

/** The part of DedicatedWorkerGlobalScope that is used; TypeScript cannot know two kinds of global scope at once. */
interface Scope {
  onmessage: ((event: MessageEvent<WorkerStart | Command>) => void) | null
  postMessage(output: EngineOutput): void
}

const scope = globalThis as unknown as Scope
let engine: Engine<ImageBitmap> | null = null

scope.onmessage = ({ data }) => {
  if (data.type !== 'start') {
    engine?.handle(data)
    return
  }
  engine = new Engine(new CanvasSurface(data.canvas), browserEnvironment, (output) => {
    scope.postMessage(output)
  })
}
