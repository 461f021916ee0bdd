/** The worker around the engine: one worker, one canvas, one session. */

import { Channel } from '../protocol/channels'
import type { WorkerStart } from './backend'
import { CanvasSurface } from './canvas'
import { Engine, type Command, type EngineOutput } from './engine'
import { browserEnvironment } from './environment'
import type { SealTarget } from './recording/control'
import type { FrameSink } from './recording/recorder'
import type { Surface } from './surface'

/** The part of DedicatedWorkerGlobalScope that is used; TypeScript cannot know two kinds of global scope at once. */
interface Scope {
  onmessage: ((event: MessageEvent<WorkerStart | Command>) => void) | null
  postMessage(output: EngineOutput, transfer: Transferable[]): void
}

/** Most sessions are not recorded: the code for files of video is loaded when one is. */
async function openRecording(name: string, target: SealTarget | null, surface: Surface): Promise<FrameSink> {
  const { GrowingFile, WebmFile } = await import('./recording/webm-file')
  if (target === null) return WebmFile.open(await GrowingFile.open(name), surface)
  const { sealedFile } = await import('./recording/open-sealed')
  return WebmFile.open(await sealedFile(target), surface)
}

/** Whether this browser can at all; what its encoder can do shows when it is opened. */
function canRecord(): boolean {
  return 'VideoEncoder' in globalThis && 'storage' in navigator
}

/** Files are many bytes: their memory goes to the page without a copy. */
function handedOver(output: EngineOutput): Transferable[] {
  if (output.type !== 'event' || output.event.type !== 'message') return []
  return output.event.channel === Channel.FILES ? [output.event.body.buffer] : []
}

const scope = globalThis as unknown as Scope
let engine: Engine<ImageBitmap> | null = null

scope.onmessage = ({ data }) => {
  if (data.type !== 'start') {
    engine?.handle(data)
    return
  }
  engine = new Engine(new CanvasSurface(data.canvas), browserEnvironment, (output) => {
    scope.postMessage(output, handedOver(output))
  }, canRecord() ? openRecording : null)
}
