/** The values of the device routes of `/api/v1`. Times are ISO 8601 UTC strings. */

import type { SessionState } from './types'

export const APPROVALS = ['never', 'ask_then_allow', 'ask_then_refuse', 'always'] as const
export type Approval = (typeof APPROVALS)[number]

export const DEVICE_EVENTS = [
  'enrolled',
  'approved',
  'rejected',
  'online',
  'offline',
  'renamed',
  'changed',
  'clone_seen',
  'wrong_key',
  'removed',
  'update_failed',
] as const
export type DeviceEventKind = (typeof DEVICE_EVENTS)[number]

export interface Device {
  id: string
  name: string
  model: string
  memo: string
  group_id: number | null
  status: 'pending' | 'active'
  online: boolean
  /** Two machines came with this device's key: nobody connects until it was registered anew. */
  cloned: boolean
  os: string
  os_version: string
  host_name: string
  address: string
  registered_at: string
  last_seen_at: string | null
}

/** `day`: 0 is Monday; minutes of the day in the company's time zone, the end outside. */
export interface AccessWindow {
  day: number
  start: number
  end: number
}

/** What a connection needs beside the answer at the PC. `windows` empty: at any time. */
export interface Access {
  reason: boolean
  two_person: boolean
  windows: AccessWindow[]
  actions: ('command' | 'wake')[]
}

/** Why somebody wants to connect, and the second person's answer. */
export interface DeviceVisit {
  id: string
  device: string
  device_name: string
  asked_by: string
  own: boolean
  reason: string
  state: 'waiting' | 'approved' | 'refused' | 'used' | 'expired'
  asked_at: string
  due_at: string
  decided_by: string
}

export interface DeviceDetail {
  device: Device
  user_name: string
  agent_version: string
  /** Ed25519 public key, hex. */
  key: string
  approval: Approval | null
  answer_s: number | null
  effective: Approval
  /** Its own rules of access; null: as its group. */
  access: Access | null
  effective_access: Access
  connections: {
    session: string
    at: string
    operator: string
    state: SessionState
    end_reason: string | null
    active_s: number
    /** Why, where the device's rules ask for it. */
    reason: string | null
  }[]
  events: { at: string; kind: DeviceEventKind; actor: string }[]
}

export interface DeviceQuery {
  page: number
  size: number
  status?: Device['status']
  group?: number | 'none' | ''
  q?: string
  sort?: 'name' | 'model' | 'registered' | 'seen'
}

export interface DeviceGroup {
  id: number
  name: string
  parent_id: number | null
  approval: Approval | null
  answer_s: number | null
  /** Only the operator groups of `teams` reach it and what is below it. */
  restricted: boolean
  teams: number[]
  access: Access | null
}

export type NewDeviceGroup = Omit<DeviceGroup, 'id' | 'restricted' | 'teams' | 'access'>

export interface DevicePlace {
  group_id: number | null
  approval: Approval | null
  answer_s: number
}

export interface EnrolmentToken {
  id: number
  label: string
  uses_left: number
  expires_at: string
  created_at: string
}

export interface DeviceSettings {
  approval: Approval
  answer_s: number
}

/** Which devices came and went, told to the consoles of their company. */
export interface DevicesMessage {
  type: 'devices'
  online: string[]
  offline: string[]
}

export interface DeviceJob {
  id: string
  action: 'command' | 'wake' | 'restart' | 'update'
  command: string
  at: string
  results: {
    device: string
    name: string
    state: 'sent' | 'called' | 'done' | 'failed'
    /** Why it failed. */
    code: string
    exit_code: number | null
    output: string
  }[]
}

export interface NewDeviceJob {
  action: DeviceJob['action']
  devices: string[]
  shell?: 'sh' | 'cmd' | 'powershell'
  command?: string
}

/** `auto`: devices take a release by themselves, in stages. */
export const UPDATE_MODES = ['auto', 'by_hand'] as const
export type UpdateMode = (typeof UPDATE_MODES)[number]

/** `release` null: the appliance has none to hand on. `current`, `behind`, `failed` (went back) count devices. */
export interface DeviceUpdates {
  mode: UpdateMode
  release: {
    version: string
    issued_at: string
    expires_at: string
    stage: 'by_hand' | 'first' | 'all' | 'halted'
    since: string
    current: number
    behind: number
    failed: number
  } | null
}

/** Visits have changed: they are read anew. */
export interface DeviceVisitsMessage {
  type: 'device_visits'
}
