/** The device window's state: every device of the company, kept current by the live socket. */

import { computed, onMounted, ref, shallowRef, triggerRef, watch } from 'vue'
import { devices as api, me } from '../../shared/auth'
import { groupTree } from '../../shared/device-groups'
import type { DeviceDetail, DeviceGroup } from '../../shared/device-types'
import { dayIn } from '../../shared/format'
import { ApiError } from '../../shared/http'
import { useTask } from '../../shared/task'
import { liveState, presence } from '../store'
import { DeviceBook, placeTest, type Place } from './device-book'

/** So few at once may be more than coming and going (a new name, a new device): they are read anew. */
const READ_AGAIN = 5

export function useDevices() {
  const { busy, error, run } = useTask()
  const book = shallowRef(new DeviceBook(dayIn(me.value?.company.time_zone ?? 'UTC')))
  const groups = shallowRef<DeviceGroup[]>([])
  const search = ref('')
  const place = ref<Place>('all')
  const chosen = ref<string | null>(null)
  const detail = shallowRef<DeviceDetail | null>(null)
  const loaded = ref(false)

  const nodes = computed(() => groupTree(groups.value))
  const found = computed(() => book.value.found(search.value, placeTest(place.value, nodes.value)))
  const device = computed(() => (chosen.value === null ? null : (book.value.get(chosen.value) ?? null)))
  const direct = computed(() => book.value.perGroup())
  function count(of: Place): number {
    if (of === 'all') return book.value.size
    if (of === null) return direct.value.get(null) ?? 0
    const inside = nodes.value.find((node) => node.group.id === of)?.ids ?? []
    return [...inside].reduce((sum, id) => sum + (direct.value.get(id) ?? 0), 0)
  }

  const load = (): Promise<boolean> =>
    run(async () => {
      const [all, tree] = await Promise.all([api.all(), api.groups()])
      book.value.replaceAll(all)
      triggerRef(book)
      groups.value = tree
      loaded.value = true
      if (chosen.value !== null) await read(chosen.value)
    })

  function take(now: DeviceDetail): void {
    // One that still waits for approval is the administrators' business.
    if (now.device.status === 'active') book.value.upsert(now.device)
    triggerRef(book)
    if (now.device.id === chosen.value) detail.value = now
  }

  async function read(id: string): Promise<void> {
    try {
      take(await api.one(id))
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem
      if (problem.code !== 'NOT_FOUND') return void (error.value = problem)
      book.value.remove(id)
      triggerRef(book)
      if (chosen.value === id) chosen.value = null
    }
  }

  watch(presence, (told) => {
    if (told === null) return
    book.value.mark(told.online, told.offline)
    triggerRef(book)
    const ids = [...told.online, ...told.offline]
    if (ids.length <= READ_AGAIN) for (const id of ids) void read(id)
    else if (ids.some((id) => !book.value.get(id))) void load()
  })
  watch(liveState, (now, before) => {
    if (now === 'open' && before !== 'open' && loaded.value) void load()
  })
  watch(chosen, (id) => {
    detail.value = null
    if (id !== null) void read(id)
  })
  onMounted(load)

  return { book, busy, chosen, count, detail, device, error, found, groups, load, loaded, nodes, place, read, search, take }
}
