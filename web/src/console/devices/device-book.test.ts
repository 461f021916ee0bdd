import { describe, expect, it } from 'vitest'
import { groupTree } from '../../shared/device-groups'
import type { Device, DeviceGroup } from '../../shared/device-types'
import { dayIn } from '../../shared/format'
import { DeviceBook, placeTest, rowsInView } from './device-book'

const device = (id: string, name: string, more: Partial<Device> = {}): Device => ({
  id,
  name,
  model: '',
  memo: '',
  group_id: null,
  status: 'active',
  online: false,
  cloned: false,
  os: 'linux',
  os_version: '12',
  host_name: `pc-${id}`,
  address: '198.51.100.1',
  registered_at: '2026-03-02T00:00:00Z',
  last_seen_at: null,
  ...more,
})
const group = (id: number, name: string, parent_id: number | null = null): DeviceGroup => ({
  id,
  name,
  parent_id,
  approval: null,
  answer_s: null,
  restricted: false,
  teams: [],
  access: null,
})
const names = (devices: Device[]): string[] => devices.map((each) => each.name)
const anywhere = placeTest('all', [])

describe('the device list (DEV-LIST, DEV-SEARCH)', () => {
  it('has those online first, then goes by name as people count', () => {
    const book = new DeviceBook()
    book.replaceAll([device('a', 'POS 10'), device('b', 'POS 2'), device('c', 'Z', { online: true })])
    expect(names(book.found('', anywhere))).toEqual(['Z', 'POS 2', 'POS 10'])
    book.mark(['a'], ['c', 'unknown'])
    expect(names(book.found('', anywhere))).toEqual(['POS 10', 'POS 2', 'Z'])
  })

  it('finds by part of name, model, PC name and date, every word of it', () => {
    const book = new DeviceBook()
    book.replaceAll([device('a', '강남점', { model: 'OptiPlex 3080' }), device('b', '서초점')])
    expect(names(book.found('optiplex', anywhere))).toEqual(['강남점'])
    expect(names(book.found('점 2026-03', anywhere))).toHaveLength(2)
    expect(names(book.found('pc-b', anywhere))).toEqual(['서초점'])
    expect(book.found('강남점 서초점', anywhere)).toEqual([])
  })

  it('knows the date in the time zone of the company, and counts by group', () => {
    const book = new DeviceBook(dayIn('Asia/Seoul'))
    book.replaceAll([device('a', 'A', { registered_at: '2026-03-01T20:00:00Z', group_id: 7 }), device('b', 'B')])
    expect(names(book.found('2026-03-02', anywhere))).toEqual(['A', 'B'])
    expect([...book.perGroup()]).toEqual([
      [7, 1],
      [null, 1],
    ])
  })

  it('follows a new name and a removal', () => {
    const book = new DeviceBook()
    book.replaceAll([device('a', 'A'), device('b', 'B')])
    book.upsert(device('a', 'C'))
    expect(names(book.found('', anywhere))).toEqual(['B', 'C'])
    book.remove('b')
    book.remove('b')
    expect(names(book.found('', anywhere))).toEqual(['C'])
  })

  it('searches ten thousand without a pause', () => {
    const book = new DeviceBook()
    book.replaceAll(Array.from({ length: 10_000 }, (_, n) => device(String(n), `Shop ${n}`)))
    const started = performance.now()
    expect(book.found('shop 99', anywhere).length).toBeGreaterThan(100)
    expect(performance.now() - started).toBeLessThan(200)
  })
})

describe('groups (DEV-GROUP)', () => {
  const nodes = groupTree([group(2, 'Floor 2', 1), group(1, 'Head office'), group(3, 'Lost', 99), group(4, 'Room', 2)])

  it('are a tree, parents first; one without its parent is not lost', () => {
    expect(nodes.map((node) => [node.group.name, node.depth])).toEqual([
      ['Head office', 0],
      ['Floor 2', 1],
      ['Room', 2],
      ['Lost', 0],
    ])
  })

  it('hold what is below them; devices without a group are unclassified', () => {
    const inside = device('a', 'A', { group_id: 4 })
    expect(placeTest(1, nodes)(inside)).toBe(true)
    expect(placeTest(3, nodes)(inside)).toBe(false)
    expect(placeTest(null, nodes)(inside)).toBe(false)
    expect(placeTest(null, nodes)(device('b', 'B'))).toBe(true)
  })
})

it('draws only the rows in view', () => {
  expect(rowsInView(0, 500, 50, 10_000)).toEqual({ first: 0, last: 16 })
  expect(rowsInView(5000, 500, 50, 10_000)).toEqual({ first: 94, last: 116 })
  expect(rowsInView(1_000_000, 500, 50, 3)).toEqual({ first: 3, last: 3 })
})
