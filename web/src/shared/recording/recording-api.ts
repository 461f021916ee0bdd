/** The REST routes of recordings on the appliance. Every one may throw ApiError. */

import type { Bytes } from '../../protocol/bytes'
import type { HttpClient } from '../http'
import type { Page } from '../types'
import type { WrappedKey } from './company-key'

export const POLICIES = ['off', 'may', 'always'] as const
export type Policy = (typeof POLICIES)[number]
export const PLACES = ['browser', 'appliance'] as const
export type Place = (typeof PLACES)[number]
/** Roles that may be given a right to recordings. */
export const RECORDING_ROLES = ['admin', 'group_admin', 'auditor'] as const
export type RecordingRole = (typeof RECORDING_ROLES)[number]
export const RECORDING_RIGHTS = ['listers', 'players', 'deleters'] as const

/** `public`: X25519, hex. */
export interface RecordingPolicy {
  policy: Policy
  place: Place
  key: { id: number; public: string } | null
}

export interface RecordingSettings {
  policy: Policy
  place: Place
  listers: RecordingRole[]
  players: RecordingRole[]
  deleters: RecordingRole[]
  quota_mb: number
}

export interface RecordingKey {
  id: number
  name: string
  fingerprint: string
  on_server: boolean
  made_at: string
  current: boolean
}

export interface RecordingRow {
  id: string
  session: string
  host: string
  number: string | null
  operator: string
  state: 'open' | 'finished' | 'abandoned'
  begun_at: string
  ended_at: string | null
  duration_ms: number | null
  bytes: number
  chunks: number
  head: string
  key: string
  held: boolean
}

export type RecordingPage = Page<RecordingRow> & { may_play: boolean; may_delete: boolean }

/** What decrypting takes, but for the private key. Hex. */
export interface OpenedRecording {
  ticket: string
  recording: RecordingRow
  sealed: string
  key: { id: number; name: string; public: string; fingerprint: string; wrapped: WrappedKey | null }
  chunks: { size: number; sha256: string }[]
}

export type Purpose = 'play' | 'download'
export type RecordingFilter = Partial<Record<'session' | 'from' | 'to' | 'q' | 'sort', string>>

export class RecordingApi {
  constructor(private readonly http: HttpClient) {}

  policy = () => this.http.get<RecordingPolicy>('/recording-policy')
  begin = (form: { session: string; key: number; sealed: string }) =>
    this.http.post<{ id: string; head: string }>('/recordings', form)
  addChunk = (id: string, number: number, chunk: Bytes, sha256: string) =>
    this.http.putBytes(`${recording(id)}/chunks/${String(number)}?sha256=${sha256}`, chunk)
  finish = (id: string, form: { chunks: number; head: string; duration_ms: number }) =>
    this.http.post<void>(`${recording(id)}/finish`, form)
  abandon = (id: string) => this.http.post<void>(`${recording(id)}/abandon`)

  list = (page: number, size: number, filter: RecordingFilter) =>
    this.http.get<RecordingPage>('/recordings', { page, size, ...filter })
  open = (id: string, purpose: Purpose, reason: string) =>
    this.http.post<OpenedRecording>(`${recording(id)}/open`, { purpose, reason })
  chunk = (id: string, number: number, ticket: string) =>
    this.http.getBytes(`${recording(id)}/chunks/${String(number)}`, ticket)
  hold = (id: string, held: boolean) => this.http.put<RecordingRow>(`${recording(id)}/hold`, { held })
  remove = (id: string) => this.http.delete<void>(recording(id))

  settings = () => this.http.get<RecordingSettings & { used_bytes: number }>('/recording-settings')
  saveSettings = (form: RecordingSettings) =>
    this.http.put<RecordingSettings & { used_bytes: number }>('/recording-settings', form)
  keys = async () => (await this.http.get<{ items: RecordingKey[] }>('/recording-keys')).items
  addKey = (name: string, publicKey: string, wrapped: WrappedKey | null) =>
    this.http.post<RecordingKey>('/recording-keys', { name, public: publicKey, wrapped })
  takeKeyOff = (id: number) => this.http.delete<void>(`/recording-keys/${String(id)}/wrapped`)
}

const recording = (id: string): string => `/recordings/${encodeURIComponent(id)}`
