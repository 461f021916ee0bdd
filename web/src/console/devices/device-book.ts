/** Ten thousand devices, their order and what is searched for. Pure state: no socket, no DOM. */

import { collator, type GroupNode } from '../../shared/device-groups'
import type { Device } from '../../shared/device-types'

/** A group number, null: unclassified, 'all': everything. */
export type Place = number | null | 'all'

export class DeviceBook {
  private byId = new Map<string, Device>()
  private ordered: Device[] = []
  private texts = new Map<string, string>()

  get size(): number {
    return this.byId.size
  }

  /** `day`: the registration date as it is shown, so that it can be searched for. */
  constructor(private readonly day: (iso: string) => string = (iso) => iso.slice(0, 10)) {}

  replaceAll(devices: Device[]): void {
    this.byId = new Map(devices.map((device) => [device.id, device]))
    this.texts = new Map(devices.map((device) => [device.id, this.textOf(device)]))
    this.sort()
  }

  upsert(device: Device): void {
    const before = this.byId.get(device.id)
    this.byId.set(device.id, device)
    this.texts.set(device.id, this.textOf(device))
    if (before?.name === device.name) this.ordered = this.ordered.map((each) => (each.id === device.id ? device : each))
    else this.sort()
  }

  remove(id: string): void {
    if (!this.byId.delete(id)) return
    this.texts.delete(id)
    this.ordered = this.ordered.filter((device) => device.id !== id)
  }

  /** How many devices are directly in each group; null: unclassified. */
  perGroup(): Map<number | null, number> {
    const found = new Map<number | null, number>()
    for (const { group_id } of this.byId.values()) found.set(group_id, (found.get(group_id) ?? 0) + 1)
    return found
  }

  get(id: string): Device | undefined {
    return this.byId.get(id)
  }

  /** Marks who came and went; unknown ids are left aside. */
  mark(online: readonly string[], offline: readonly string[]): void {
    for (const [ids, now] of [
      [online, true],
      [offline, false],
    ] as const)
      for (const id of ids) {
        const device = this.byId.get(id)
        if (device) device.online = now
      }
  }

  /** Those of a place whose text has every word of `search`: online first, then by name. */
  found(search: string, inPlace: (device: Device) => boolean): Device[] {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean)
    const matching = this.ordered.filter((device) => {
      const text = this.texts.get(device.id) ?? ''
      return inPlace(device) && words.every((word) => text.includes(word))
    })
    return [...matching.filter((device) => device.online), ...matching.filter((device) => !device.online)]
  }

  private sort(): void {
    this.ordered = [...this.byId.values()].sort((a, b) => collator.compare(a.name, b.name))
  }

  private textOf(device: Device): string {
    return [device.name, device.model, device.host_name, this.day(device.registered_at)].join('\n').toLowerCase()
  }
}

/** Whether a device is in the chosen place; a group holds what is in the groups below it, too. */
export function placeTest(place: Place, nodes: readonly GroupNode[]): (device: Device) => boolean {
  if (place === 'all') return () => true
  if (place === null) return (device) => device.group_id === null
  const ids = nodes.find((node) => node.group.id === place)?.ids ?? new Set<number>()
  return (device) => device.group_id !== null && ids.has(device.group_id)
}

/** The rows of a long list that are drawn: those on the screen and a few around. */
export function rowsInView(
  top: number,
  height: number,
  rowHeight: number,
  total: number,
  around = 6,
): { first: number; last: number } {
  const first = Math.max(0, Math.floor(top / rowHeight) - around)
  const last = Math.min(total, Math.ceil((top + height) / rowHeight) + around)
  return { first: Math.min(first, last), last }
}
