/** RC-REC: a recording that broke off is read to its very last picture. */

import { BlobSource, EncodedPacket, EncodedPacketSink, EncodedVideoPacketSource, Input, Output, StreamTarget, WEBM, WebMOutputFormat, type StreamTargetChunk } from 'mediabunny'
import { describe, expect, it } from 'vitest'
import type { Bytes } from '../../protocol/bytes'
import { repaired } from './repair'
import { withSizes } from './webm-sizes'
import { Rebuilt } from './write-log'

/** A file of one picture a second and a key frame every five, left as it is in the middle of a cluster. */
async function brokenOff(seconds: number): Promise<Blob> {
  const made = new Rebuilt()
  const stream = new WritableStream<StreamTargetChunk>({
    write: ({ data, position }) => {
      made.write(position, data.slice() as Bytes)
    },
  })
  const output = new Output({ format: new WebMOutputFormat(), target: new StreamTarget(stream) })
  const source = new EncodedVideoPacketSource('vp8')
  output.addVideoTrack(source)
  await output.start()
  const decoderConfig = { codec: 'vp8', codedWidth: 64, codedHeight: 64 }
  for (let at = 0; at < seconds; at += 1) {
    const key = at % 5 === 0
    const packet = new EncodedPacket(new Uint8Array(300 + at).fill(at), key ? 'key' : 'delta', at, 1)
    await source.add(packet, at === 0 ? { decoderConfig } : undefined)
  }
  await new Promise((resolve) => setTimeout(resolve, 20))
  return made.file('video/webm')
}

async function times(file: Blob): Promise<number[]> {
  const track = await new Input({ source: new BlobSource(file), formats: [WEBM] }).getPrimaryVideoTrack()
  if (track === null) return []
  const sink = new EncodedPacketSink(track)
  const found: number[] = []
  for (let packet = await sink.getFirstPacket(); packet !== null; packet = await sink.getNextPacket(packet)) found.push(packet.timestamp)
  return found
}

describe('a file that was left open', () => {
  it.each([1, 3, 5, 8, 12])('is read to its end after %i s', async (seconds) => {
    const wanted = Array.from({ length: seconds }, (_, at) => at)
    const broken = await brokenOff(seconds)
    expect(await times(await withSizes(broken))).toEqual(wanted)
    expect(await times(await repaired(broken))).toEqual(wanted)
  })

  it.each([0, 1, 40, 300])('is left alone with no more than %i bytes of it', async (length) => {
    const cut = (await brokenOff(3)).slice(0, length)
    expect((await withSizes(cut)).size).toBe(length)
    expect((await repaired(cut)).size).toBe(length)
  })

  it('is no WebM: it comes back as it was', async () => {
    const other = new Blob(['<!doctype html> something else altogether'])
    expect(await withSizes(other)).toBe(other)
  })
})
