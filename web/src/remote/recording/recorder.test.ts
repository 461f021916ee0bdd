/** When frames are recorded, and what happens when they cannot be. RC-REC */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RecordingControl, type RecordingCommand, type RecordingView } from './control'
import { MAX_FPS, Recorder, type FrameSink, type Pointer } from './recorder'
import { marksOf, readMarks } from './store'

class FakeSink implements FrameSink {
  readonly frames: number[] = []
  readonly pointers: Pointer[] = []
  marks: string | null = null
  slowMs = 0
  breaks = false
  bytes = 0

  async add(atMs: number, pointer: Pointer): Promise<void> {
    if (this.breaks) throw new DOMException('full', 'QuotaExceededError')
    this.frames.push(Math.round(atMs))
    this.pointers.push(pointer)
    this.bytes += 100
    if (this.slowMs > 0) await new Promise((resolve) => setTimeout(resolve, this.slowMs))
  }

  finish(marks: string): Promise<void> {
    this.marks = marks
    return Promise.resolve()
  }
}

let sink: FakeSink
let failed: unknown[]
let recorder: Recorder

beforeEach(() => {
  vi.useFakeTimers()
  sink = new FakeSink()
  failed = []
  recorder = new Recorder(sink, () => Date.now(), { progress: () => undefined, failed: (problem) => failed.push(problem) })
})
afterEach(() => {
  vi.useRealTimers()
})

const pass = async (ms: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms)
}

describe('Recorder', () => {
  it('takes the first picture at once and none while nothing changes', async () => {
    await pass(60_000)
    expect(sink.frames).toEqual([0])
  })

  it('takes at most fifteen pictures a second, and the last one', async () => {
    for (let i = 0; i < 100; i += 1) {
      recorder.changed()
      await pass(10)
    }
    await pass(200)
    expect(sink.frames.length).toBeGreaterThan(MAX_FPS - 2)
    expect(sink.frames.length).toBeLessThanOrEqual(MAX_FPS + 2)
    expect(sink.frames.at(-1)).toBeGreaterThanOrEqual(990)
  })

  it('waits for a slow encoder instead of queueing', async () => {
    sink.slowMs = 500
    for (let i = 0; i < 100; i += 1) {
      recorder.changed()
      await pass(20)
    }
    expect(sink.frames.length).toBeLessThanOrEqual(5)
  })

  it('is as long as it took, with times that grow', async () => {
    await pass(5000)
    await recorder.stop('[]')
    await recorder.stop('[]')
    expect(sink.frames).toEqual([0, 5000])
    expect(sink.marks).toBe('[]')
    recorder.changed()
    await pass(1000)
    expect(sink.frames.length).toBe(2)
  })

  it('has at least two different times even when it is stopped at once', async () => {
    await pass(0)
    await recorder.stop('')
    expect(new Set(sink.frames).size).toBe(2)
  })

  it('shows the pointer where it is', async () => {
    recorder.pointed({ place: { x: 3, y: 4 } })
    await pass(100)
    expect(sink.pointers.at(-1)).toEqual({ shape: null, place: { x: 3, y: 4 } })
  })

  it('completes the file when the disk is full, and says so once', async () => {
    await pass(0)
    sink.breaks = true
    recorder.changed()
    await pass(1000)
    recorder.changed()
    await pass(1000)
    await recorder.stop('late')
    expect(failed).toHaveLength(1)
    expect(sink.marks).toBe('')
  })
})

describe('RecordingControl', () => {
  let now: number
  let posted: RecordingCommand[]
  let views: RecordingView[]
  let control: RecordingControl

  beforeEach(() => {
    now = 0
    posted = []
    views = []
    control = new RecordingControl(() => now, (command) => posted.push(command), (view) => views.push(view))
  })

  it('goes through its states and keeps marks with their times', () => {
    control.mark('early')
    control.start('a.webm')
    control.start('b.webm')
    now = 1000
    control.hear({ type: 'recording', state: 'on', ms: 0, bytes: 10 })
    now = 3500
    control.mark('screenshot')
    control.stop()
    control.stop()
    control.hear({ type: 'recording', state: 'on', ms: 2500, bytes: 20 })
    control.hear({ type: 'recording', state: 'off', problem: null })
    expect(posted).toEqual([
      { type: 'record', name: 'a.webm', target: null },
      { type: 'record_stop', marks: '[{"kind":"screenshot","ms":2500}]' },
    ])
    expect(views.map((view) => view.state)).toEqual(['starting', 'on', 'stopping', 'stopping', 'off'])
    expect(control.isOff).toBe(true)
  })

  it('says when nothing is being written any more', () => {
    const done = vi.fn()
    control.afterwards(done)
    control.start('a.webm')
    control.afterwards(done)
    expect(done).toHaveBeenCalledTimes(1)
    control.hear({ type: 'recording', state: 'off', problem: 'full' })
    expect(done).toHaveBeenCalledTimes(2)
    expect(views.at(-1)).toMatchObject({ state: 'off', problem: 'full' })
  })
})

describe('marks', () => {
  it.each(['', '{', '{}', 'null', '[1,null,{"kind":1,"ms":2},{"kind":"x","ms":-1}]'])('%s are none', (text) => {
    expect(readMarks(text)).toEqual([])
  })

  it('lie beside their recording', () => {
    expect(marksOf('WizHelper_PC.webm')).toBe('WizHelper_PC.json')
    expect(readMarks('[{"kind":"open","ms":5}]')).toEqual([{ kind: 'open', ms: 5 }])
  })
})
