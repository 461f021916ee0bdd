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

export interface DeviceDetail {
  device: Device
  user_name: string
  agent_version: string
  /** Ed25519 public key, hex. */
  key: string
  approval: Approval | null
  answer_s: number | null
  effective: Approval
  connections: {
    session: string
    at: string
    operator: string
    state: SessionState
    end_reason: string | null
    active_s: number
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
}

export type NewDeviceGroup = Omit<DeviceGroup, 'id'>

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
