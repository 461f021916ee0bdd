/** The PC's side: the folder that is looked at, as far as it has come. */

import { ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { RemoteFilesError, type Listed, type RemoteFiles } from '../../../remote/files/remote-files'
import type { Row } from './rows'

export interface RemotePane {
  rows: ShallowRef<readonly Row[]>
  /** "": the places. */
  folder: Ref<string>
  parent: Ref<string>
  separator: Ref<string>
  loading: Ref<boolean>
  /** Why the folder cannot be shown; "": it can. */
  problem: Ref<string>
  show: (folder: string, name?: string) => Promise<void>
  refresh: () => Promise<void>
  open: (row: Row) => Promise<void>
  pathOf: (row: Row) => string
}

export function useRemotePane(remote: RemoteFiles): RemotePane {
  const rows = shallowRef<readonly Row[]>([])
  const folder = ref('')
  const parent = ref('')
  const separator = ref('/')
  const loading = ref(false)
  const problem = ref('')
  const paths = new Map<string, string>()
  let asked = 0

  function listed(found: Listed): void {
    folder.value = found.folder
    parent.value = found.parent
    rows.value = found.entries.map(({ name, kind, size, modified_ms: modifiedMs, hidden }) => {
      return { name, kind, size: kind === 'file' ? size : null, modifiedMs, hidden }
    })
  }

  async function places(isLatest: () => boolean): Promise<void> {
    const found = await remote.places()
    if (!isLatest()) return
    folder.value = parent.value = ''
    separator.value = found.separator
    paths.clear()
    rows.value = found.places.map((place) => {
      const name = place.name || place.path
      paths.set(`${place.kind}:${name}`, place.path)
      return { name, kind: place.kind, size: place.free, modifiedMs: null, hidden: false }
    })
  }

  async function show(where: string, name = ''): Promise<void> {
    asked += 1
    const mine = asked
    const isLatest = (): boolean => mine === asked
    loading.value = true
    problem.value = ''
    try {
      if (where === '' && name === '') await places(isLatest)
      else {
        // A folder that is shown again stays as it was until all is known: its rows would jump.
        const again = name === '' && where === folder.value && rows.value.length > 0
        const found = await remote.list(where, name, (some) => {
          if (isLatest() && !again) listed(some)
        })
        if (isLatest()) listed(found)
      }
    } catch (failure) {
      if (!(failure instanceof RemoteFilesError)) throw failure
      if (isLatest()) problem.value = failure.code
    } finally {
      if (isLatest()) loading.value = false
    }
  }

  return {
    rows,
    folder,
    parent,
    separator,
    loading,
    problem,
    show,
    refresh: () => show(folder.value),
    open: async (row) => {
      const place = paths.get(`${row.kind}:${row.name}`)
      if (folder.value === '' && place !== undefined) await show(place)
      else await show(folder.value, row.name)
    },
    pathOf: (row) => {
      const base = folder.value
      if (base === '') return paths.get(`${row.kind}:${row.name}`) ?? row.name
      return base.endsWith(separator.value) ? base + row.name : base + separator.value + row.name
    },
  }
}
