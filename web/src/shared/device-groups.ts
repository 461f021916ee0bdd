/** The tree of device groups, as both apps draw it. */

import type { DeviceGroup } from './device-types'

/** Names as people sort them: "POS 2" before "POS 10". */
export const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

export interface GroupNode {
  group: DeviceGroup
  depth: number
  /** The group and all below it. */
  ids: Set<number>
}

/** The groups as a tree is drawn: parents before children, brothers by name. A group whose parent is missing is a root. */
export function groupTree(groups: readonly DeviceGroup[]): GroupNode[] {
  const known = new Set(groups.map((group) => group.id))
  const children = new Map<number | null, DeviceGroup[]>()
  for (const group of groups) {
    const parent = group.parent_id !== null && known.has(group.parent_id) ? group.parent_id : null
    children.set(parent, [...(children.get(parent) ?? []), group])
  }
  const nodes: GroupNode[] = []
  const add = (parent: number | null, depth: number): Set<number> => {
    const ids = new Set<number>()
    for (const group of (children.get(parent) ?? []).sort((a, b) => collator.compare(a.name, b.name))) {
      const node: GroupNode = { group, depth, ids: new Set([group.id]) }
      nodes.push(node)
      for (const id of add(group.id, depth + 1)) node.ids.add(id)
      for (const id of node.ids) ids.add(id)
    }
    return ids
  }
  add(null, 0)
  return nodes
}
