/** A recording that broke off has neither length nor index: both are made anew, without touching its pictures. */

import { BlobSource, Conversion, Input, Output, StreamTarget, WEBM, WebMOutputFormat, type StreamTargetChunk } from 'mediabunny'
import type { Bytes } from '../../protocol/bytes'
import { withSizes } from './webm-sizes'
import { Rebuilt } from './write-log'

/** The same pictures as a file that can be jumped in; the file with its sizes only where nothing can be read of it. */
export async function repaired(video: Blob): Promise<Blob> {
  const made = new Rebuilt()
  const stream = new WritableStream<StreamTargetChunk>({
    write: ({ data, position }) => {
      made.write(position, data.slice() as Bytes)
    },
  })
  const sized = await withSizes(video)
  const input = new Input({ source: new BlobSource(sized), formats: [WEBM] })
  try {
    const output = new Output({ format: new WebMOutputFormat(), target: new StreamTarget(stream) })
    const conversion = await Conversion.init({ input, output, showWarnings: false })
    if (!conversion.isValid) return sized
    await conversion.execute()
    return made.file('video/webm')
  } catch (problem) {
    // Cut in the middle of its very beginning: the browser's own player may still show something.
    console.warn('recording not repaired', problem)
    return sized
  } finally {
    input.dispose()
  }
}
