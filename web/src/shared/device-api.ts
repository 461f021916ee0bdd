/** The REST routes of registered devices. Every one may throw ApiError. */

import type * as D from './device-types'
import type { HttpClient, Query } from './http'
import type { Page, Session } from './types'

interface Items<V> {
  items: V[]
}

/** The largest page that the server gives. */
const WHOLE_PAGE = 1000

export class DeviceApi {
  constructor(private readonly http: HttpClient) {}

  list = (query: D.DeviceQuery) => this.http.get<Page<D.Device>>('/devices', { ...query } as Query)

  /** Every active device of the company. */
  async all(): Promise<D.Device[]> {
    const found: D.Device[] = []
    for (let page = 1; ; page += 1) {
      const { items, total } = await this.list({ page, size: WHOLE_PAGE })
      found.push(...items)
      if (items.length < WHOLE_PAGE || found.length >= total) return found
    }
  }

  one = (id: string) => this.http.get<D.DeviceDetail>(device(id))
  edit = (id: string, patch: { name?: string; model?: string; memo?: string }) =>
    this.http.patch<D.DeviceDetail>(device(id), patch)
  place = (id: string, place: D.DevicePlace) => this.http.put<D.DeviceDetail>(`${device(id)}/place`, place)
  connect = (id: string) => this.http.post<Session>(`${device(id)}/connect`)
  approve = (id: string) => this.http.post<void>(`${device(id)}/approve`)
  reject = (id: string) => this.http.post<void>(`${device(id)}/reject`)
  unregister = (id: string) => this.http.delete<void>(device(id))

  groups = async () => (await this.http.get<Items<D.DeviceGroup>>('/device-groups')).items
  addGroup = (group: D.NewDeviceGroup) => this.http.post<D.DeviceGroup>('/device-groups', group)
  changeGroup = (id: number, group: D.NewDeviceGroup) => this.http.put<D.DeviceGroup>(`/device-groups/${id}`, group)
  setTeams = (id: number, form: { restricted: boolean; teams: number[] }) =>
    this.http.put<D.DeviceGroup>(`/device-groups/${id}/teams`, form)
  move = (devices: string[], group_id: number | null) =>
    this.http.post<{ moved: number }>('/devices/move', { devices, group_id })

  visits = async () => (await this.http.get<Items<D.DeviceVisit>>('/device-visits')).items
  askVisit = (id: string, reason: string) => this.http.post<D.DeviceVisit>(`${device(id)}/visits`, { reason })
  decideVisit = (id: string, yes: boolean) =>
    this.http.post<D.DeviceVisit>(`/device-visits/${encodeURIComponent(id)}/${yes ? 'approve' : 'refuse'}`)

  startJob = (job: D.NewDeviceJob) => this.http.post<D.DeviceJob>('/device-jobs', job)
  job = (id: string) => this.http.get<D.DeviceJob>(`/device-jobs/${encodeURIComponent(id)}`)

  access = async () => (await this.http.get<{ access: D.Access | null }>('/device-settings/access')).access
  /** Of the company (null), a group (its number) or a device (its id). */
  setAccess = (of: number | string | null, access: D.Access | null) =>
    this.http.put<{ access: D.Access | null }>(accessPath(of), { access })

  removeGroup = (id: number) => this.http.delete<void>(`/device-groups/${id}`)

  tokens = async () => (await this.http.get<Items<D.EnrolmentToken>>('/enrolment-tokens')).items
  addToken = (form: { label: string; uses: number; hours: number }) =>
    this.http.post<{ token: D.EnrolmentToken; secret: string }>('/enrolment-tokens', form)
  revokeToken = (id: number) => this.http.delete<void>(`/enrolment-tokens/${id}`)

  updates = () => this.http.get<D.DeviceUpdates>('/device-updates')
  setUpdateMode = (mode: D.UpdateMode) => this.http.put<D.DeviceUpdates>('/device-updates', { mode })

  settings = () => this.http.get<D.DeviceSettings>('/device-settings')
  saveSettings = (form: D.DeviceSettings) => this.http.put<D.DeviceSettings>('/device-settings', form)
}

const device = (id: string): string => `/devices/${encodeURIComponent(id)}`
const accessPath = (of: number | string | null): string =>
  of === null ? '/device-settings/access' : typeof of === 'number' ? `/device-groups/${of}/access` : `${device(of)}/access`
