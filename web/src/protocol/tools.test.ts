/** The tools' messages, by the same vectors as the agent's side. */

import { describe, expect, it } from 'vitest'
import chatVectors from '../../../tests/vectors/chat.json'
import clipboardVectors from '../../../tests/vectors/clipboard.json'
import drawVectors from '../../../tests/vectors/draw.json'
import executeVectors from '../../../tests/vectors/execute.json'
import filesVectors from '../../../tests/vectors/files.json'
import infoVectors from '../../../tests/vectors/info.json'
import seatVectors from '../../../tests/vectors/seat.json'
import terminalVectors from '../../../tests/vectors/terminal.json'
import rebootVectors from '../../../tests/vectors/reboot.json'
import printingVectors from '../../../tests/vectors/printing.json'
import shareVectors from '../../../tests/vectors/share.json'
import { fromHex, toHex, type Bytes } from './bytes'
import * as chat from './chat'
import * as clipboard from './clipboard'
import * as draw from './draw'
import { RemoteProtocolError } from './errors'
import * as execute from './execute'
import * as files from './files'
import * as info from './info'
import * as seat from './seat'
import * as terminal from './terminal'
import * as reboot from './reboot'
import * as printing from './printing'
import * as share from './share'

interface Sample {
  type: string
  fields: object
  body: string
}

interface Vectors {
  console: Sample[]
  agent: Sample[]
  bad_agent: string[]
}

/** Bytes are hex in the vectors. */
function fieldsOf({ type, fields }: Sample): object {
  return 'data' in fields ? { type, ...fields, data: fromHex(String(fields.data)) } : { type, ...fields }
}

interface Tool {
  vectors: Vectors
  encode: (message: never) => Bytes
  decode: (body: Bytes) => object
}

const TOOLS: [string, Tool][] = [
  ['clipboard', { vectors: clipboardVectors, encode: clipboard.encode, decode: clipboard.decode }],
  ['chat', { vectors: chatVectors, encode: chat.encode, decode: chat.decode }],
  ['draw', { vectors: drawVectors, encode: draw.encode, decode: draw.decode }],
  ['share', { vectors: shareVectors, encode: share.encode, decode: share.decode }],
  ['printing', { vectors: printingVectors, encode: printing.encode, decode: printing.decode }],
  ['execute', { vectors: executeVectors, encode: execute.encode, decode: execute.decode }],
  ['files', { vectors: filesVectors, encode: files.encode, decode: files.decode }],
  ['info', { vectors: infoVectors, encode: info.encode, decode: info.decode }],
  ['seat', { vectors: seatVectors, encode: seat.encode, decode: seat.decode }],
  ['terminal', { vectors: terminalVectors, encode: terminal.encode, decode: terminal.decode }],
  ['reboot', { vectors: rebootVectors, encode: reboot.encode, decode: reboot.decode }],
]

describe.each(TOOLS)('%s', (_name, { vectors, encode, decode }) => {
  it.each(vectors.console)('writes $type', (sample) => {
    expect(toHex(encode(fieldsOf(sample) as never))).toBe(sample.body)
  })

  it.each(vectors.agent)('reads $type', (sample) => {
    expect(decode(fromHex(sample.body))).toEqual(fieldsOf(sample))
  })

  it.each(vectors.bad_agent)('refuses %s', (body) => {
    expect(() => decode(fromHex(body))).toThrow(RemoteProtocolError)
  })
})

it('a part of a shared picture goes as bytes, no more than a message takes', () => {
  const part = (length: number): Bytes => share.encode({ type: 'frame', number: 258, last: true, part: new Uint8Array(length).fill(7) })
  expect(toHex(part(2))).toBe('0200000102010707')
  expect(() => part(share.MAX_PART + 1)).toThrow('BAD_SHARE')
})

describe('print data', () => {
  it('goes as bytes, no more than a message takes', () => {
    expect(toHex(printing.encode({ type: 'data', request: 258, data: Uint8Array.of(7, 8) }))).toBe('03000001020708')
    expect(() => printing.encode({ type: 'data', request: 1, data: new Uint8Array(printing.MAX_DATA + 1) })).toThrow('BAD_PRINTING')
  })
})

describe('clipboard text', () => {
  it.each(['', 'a\0b', 'x'.repeat(clipboard.MAX_TEXT_BYTES + 1), '가'.repeat(90_000)])('that does not fit is not sent', (text) => {
    expect(() => clipboard.encode({ type: 'text', text })).toThrow('BAD_CLIPBOARD')
  })
})
