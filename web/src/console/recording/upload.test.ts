/** RC-REC: what waits is sent in order, again where it has to be, and never lost for a passing reason. */

import { describe, expect, it } from 'vitest'
import { utf8, type Bytes } from '../../protocol/bytes'
import type { Done } from '../../remote/recording/sealed-file'
import { ApiError } from '../../shared/http'
import { upload, type Outcome, type Receiver, type Waiting } from './upload'

class FakeOutbox implements Waiting {
  chunks = new Map<number, Bytes>()
  end: Done | null = null

  next(): Promise<{ number: number; chunk: Bytes } | null> {
    const number = Math.min(...this.chunks.keys())
    const chunk = this.chunks.get(number)
    return Promise.resolve(chunk === undefined ? null : { number, chunk })
  }
  remove(number: number): Promise<void> {
    this.chunks.delete(number)
    return Promise.resolve()
  }
  done(): Promise<Done | null> {
    return Promise.resolve(this.end)
  }
}

class FakeServer implements Receiver {
  calls: string[] = []
  failures: ApiError[] = []

  addChunk(number: number): Promise<void> {
    return this.call(`chunk ${String(number)}`)
  }
  finish({ chunks }: Done): Promise<void> {
    return this.call(`finish ${String(chunks)}`)
  }
  abandon(): Promise<void> {
    return this.call('abandon')
  }
  private call(what: string): Promise<void> {
    const failure = this.failures.shift()
    if (failure) return Promise.reject(failure)
    this.calls.push(what)
    return Promise.resolve()
  }
}

const END: Done = { chunks: 2, duration_ms: 1, head: '' }

function run(waiting: FakeOutbox, receiver: FakeServer, more = false, patience = 0): { outcome: Promise<Outcome>; slept: number[]; delays: string[] } {
  const slept: number[] = []
  const delays: string[] = []
  const outcome = upload({
    waiting,
    receiver,
    isRecording: () => more && slept.length < 3,
    delayed: (problem) => delays.push(problem.code),
    sleep: (ms) => Promise.resolve(void slept.push(ms)),
    patience,
  })
  return { outcome, slept, delays }
}

function filled(): FakeOutbox {
  const waiting = new FakeOutbox()
  waiting.chunks.set(2, utf8('b')).set(1, utf8('a'))
  return waiting
}

describe('upload', () => {
  it('sends chunks in their order, then the end', async () => {
    const server = new FakeServer()
    const waiting = filled()
    waiting.end = END
    expect(await run(waiting, server).outcome).toBe('finished')
    expect(server.calls).toEqual(['chunk 1', 'chunk 2', 'finish 2'])
    expect(waiting.chunks.size).toBe(0)
  })

  it('waits longer and longer while the server cannot, and sends the same chunk again', async () => {
    const server = new FakeServer()
    server.failures = [new ApiError(0, 'NETWORK'), new ApiError(401, 'LOGIN_REQUIRED'), new ApiError(507, 'RECORDING_DISK'), new ApiError(500, 'X')]
    const waiting = filled()
    waiting.end = END
    const { outcome, slept, delays } = run(waiting, server)
    expect(await outcome).toBe('finished')
    expect(slept).toEqual([1000, 2000, 4000, 8000])
    expect(delays).toEqual(['NETWORK', 'LOGIN_REQUIRED', 'RECORDING_DISK', 'X'])
    expect(server.calls[0]).toBe('chunk 1')
  })

  it('gives up what the server refuses for good', async () => {
    const server = new FakeServer()
    server.failures = [new ApiError(409, 'RECORDING_CLOSED')]
    expect(await run(filled(), server).outcome).toMatchObject({ code: 'RECORDING_CLOSED' })
    expect(server.calls).toEqual([])
  })

  it('waits for more while it is recorded, and for the end some time after', async () => {
    const server = new FakeServer()
    const { outcome, slept } = run(new FakeOutbox(), server, true, 5)
    expect(await outcome).toBe('abandoned')
    expect(slept.length).toBeGreaterThanOrEqual(7)
    expect(server.calls).toEqual(['abandon'])
  })

  it('abandons at once what a closed tab left without an end', async () => {
    const server = new FakeServer()
    const { outcome } = run(filled(), server)
    expect(await outcome).toBe('abandoned')
    expect(server.calls).toEqual(['chunk 1', 'chunk 2', 'abandon'])
  })
})
