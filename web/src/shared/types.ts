/** The values of the REST and live-socket contract (`/api/v1`). Times are ISO 8601 UTC strings. */

import type { DevicesMessage, DeviceVisitsMessage } from './device-types'
import type { SessionPerson, SharingMessage } from './sharing-types'
import type { SmsMessage } from './sms-types'

export const SESSION_STATES = [
  'WAITING',
  'JOINING',
  'CONNECTING',
  'APPROVAL',
  'ACTIVE',
  'SUSPENDED',
  'WRAPUP',
  'COMPLETED',
  'ABNORMAL',
  'REFUSED',
  'EXPIRED',
  'CANCELLED',
] as const
export type SessionState = (typeof SESSION_STATES)[number]

export const SUSPENDED_REASONS = ['network', 'reboot', 'operator_gone', 'handover'] as const
export type SuspendedReason = (typeof SUSPENDED_REASONS)[number]

export const RESULTS = ['resolved', 'unresolved', 'escalated', 'visit', 'customer_gave_up', 'test'] as const
export type Result = (typeof RESULTS)[number]

export const ROLES = ['admin', 'group_admin', 'operator', 'auditor'] as const
export type Role = (typeof ROLES)[number]

export const ACCOUNT_STATUSES = ['active', 'locked', 'disabled'] as const
export type AccountStatus = (typeof ACCOUNT_STATUSES)[number]

export const CHANNELS = ['web', 'program', 'sms', 'device', 'api'] as const
export type Channel = (typeof CHANNELS)[number]

export const SAS_POLICIES = ['off', 'shown', 'required'] as const
export type SasPolicy = (typeof SAS_POLICIES)[number]

export const PAGE_MODES = ['number', 'pick', 'both'] as const
export type PageMode = (typeof PAGE_MODES)[number]

/** Where a notice is shown. */
export type Audience = 'login'

export const LANGUAGES = ['ko', 'en'] as const
export type Language = (typeof LANGUAGES)[number]

export const KEYBOARD_MODES = ['physical', 'text'] as const
export type KeyboardMode = (typeof KEYBOARD_MODES)[number]

export const CAPTURES = ['fast', 'compatible'] as const
export type Capture = (typeof CAPTURES)[number]

export type AppName = 'console' | 'admin'

export interface Account {
  num: number
  id: string
  display_name: string
  role: Role
  status: AccountStatus
  team: number | null
  allowed_addresses: string[]
  totp_enabled: boolean
  last_login_at: string | null
}

export interface Client {
  host_name: string
  user_name: string
  os: string
  os_version: string
  address: string
}

export interface Session {
  id: string
  number: string | null
  kind: 'one_time' | 'device'
  channel: Channel | null
  state: SessionState
  suspended_reason: SuspendedReason | null
  end_reason: string | null
  owner: { num: number; display_name: string }
  client: Client | null
  created_at: string
  joined_at: string | null
  consented_at: string | null
  connected_at: string | null
  ended_at: string | null
  completed_at: string | null
  /** When the number of a WAITING session expires. */
  expires_at: string | null
  active_s: number
  suspended_s: number
  agent_online: boolean
  fault_type_id: number | null
  result: string | null
  memo: string
  corrected: boolean
  /** What the customer answered: 1 to 5. */
  intake: IntakeAnswer[]
  satisfaction: number | null
  survey_comment: string
  /** The owner first. */
  people: SessionPerson[]
  reboot: Reboot | null
}

export const REBOOT_STEPS = ['going_down', 'no_signal', 'network_up', 'logon_screen', 'desktop'] as const
export type RebootStep = (typeof REBOOT_STEPS)[number]

/** The latest restart of the PC: what has happened so far, and until when the session waits for it. */
export interface Reboot {
  until: string
  safe_mode: boolean
  steps: { step: RebootStep; at: string }[]
}

export interface Counts {
  today: { total: number; completed: number; abnormal: number; refused: number; expired_or_cancelled: number }
  now: { waiting: number; active: number; suspended: number }
}

export interface Settings {
  auto_wait: boolean
  remote_cursor: boolean
  language: Language | null
  keyboard_mode: KeyboardMode
}

export interface Me {
  csrf: string
  app: AppName
  account: Account
  company: { code: string; name: string; time_zone: string; contact: string; chat_kept: boolean }
  access_urls: string[]
  version: string
  settings: Settings
  limits: { sessions: number; login_idle_s: number }
  sas_policy: SasPolicy
  must_change_password: boolean
}

export interface LoginNotice {
  id: number
  title: string
  body: string
  pinned: boolean
  at: string
}

export interface PublicLogin {
  version: string
  notices: LoginNotice[]
}

export interface LoginRequest {
  company: string
  id: string
  password: string
  totp?: string
}

export interface LoginAnswer {
  csrf: string
  app: AppName
  account: Account
  must_change_password: boolean
}

export interface ControlTicket {
  ticket: string
  sid: string
  viewer: string
  path: string
}

export interface FaultType {
  id: number
  code: string
  name: string
  active: boolean
}

export interface Wrapup {
  fault_type_id: number | null
  result: Result
  memo: string
}

export interface Correction extends Wrapup {
  reason: string
  ended_at: string
}

export interface Page<T> {
  items: T[]
  total: number
  page: number
  size: number
}

export interface RecordQuery {
  page: number
  size: number
  state?: SessionState | ''
  /** Dates (YYYY-MM-DD) in the company's time zone, both inclusive. */
  from?: string
  to?: string
  q?: string
  /** A name of the server's orders, with "-" before it for the reverse. */
  sort?: string
  /** Filters by dimensions of the statistics, by their names. */
  [dimension: string]: string | number | undefined
}

export interface SessionEvent {
  seq: number
  at: string
  actor: string
  type: string
  data: Record<string, unknown> | null
}

export interface RecordDetail {
  session: Session
  events: SessionEvent[]
  /** False: the stored chain of events does not verify, somebody changed it. */
  chain_ok: boolean
  /** Where the company keeps it: as the operator's console told it. */
  chat: { number: number; customer: boolean; at: string; text: string }[]
}

export interface NewAccount {
  id: string
  display_name: string
  role: Role
  team: number | null
  /** null: the server makes one and gives it back once. */
  password: string | null
  allowed_addresses: string[]
}

export interface AccountPatch {
  display_name?: string
  role?: Role
  team?: number | null
  status?: 'active' | 'disabled'
  allowed_addresses?: string[]
}

export interface AccountQuery {
  page: number
  size: number
  q?: string
  role?: Role | ''
  status?: AccountStatus | ''
  /** Number of an operator group, "none" for accounts without one. */
  team?: string
  sort?: string
}

/** An operator group. */
export interface Team {
  id: number
  name: string
  members: number
}

export interface AccessPolicy {
  allowed_addresses: string[]
  /** Wrong passwords until an account locks; 0: never. */
  lock_after: number
}

export const IMPORT_ERRORS = [
  'ID_FORMAT',
  'ID_TAKEN',
  'ID_TWICE',
  'NAME_LONG',
  'ROLE_UNKNOWN',
  'TEAM_UNKNOWN',
  'NOT_YOURS',
  'ADDRESS',
  'TOO_MANY_CELLS',
] as const

export interface ImportRow {
  line: number
  id: string
  display_name: string
  role: string
  team: string
  error: (typeof IMPORT_ERRORS)[number] | null
  /** Only in the answer that made the account. */
  password: string | null
}

export interface ImportAnswer {
  rows: ImportRow[]
  errors: number
  created: number
}

export interface CompanySettings {
  code: string
  name: string
  time_zone: string
  contact: string
  page_mode: PageMode
  consent_enabled: boolean
  number_digits: number
  waiting_idle_s: number
  login_idle_s: number
  session_idle_s: number
  sas_policy: SasPolicy
  approval: boolean
  survey_enabled: boolean
  chat_kept: boolean
  /** Right -> whether sessions ask the customer for it. */
  rights: Record<string, boolean>
}

export const INTAKE_KINDS = ['text', 'lines', 'choice'] as const
export type IntakeKind = (typeof INTAKE_KINDS)[number]

export interface IntakeField {
  label: string
  kind: IntakeKind
  choices: string[]
  required: boolean
}

export interface IntakeAnswer {
  label: string
  value: string
}

/** A customer's report; open until somebody says what came of it. */
export interface AbuseReport {
  id: number
  at: string
  text: string
  address: string
  session: Session
  handled_at: string | null
  handled_by: string | null
  note: string
}

export interface AbusePage extends Page<AbuseReport> {
  open: number
}

/** What a console got over five seconds from `at` on. */
export interface QualitySample {
  at: string
  latency_ms: number | null
  rtt_ms: number | null
  fps: number
  kbit_s: number
}

export interface FavouriteForm {
  kind: 'url' | 'command'
  title: string
  value: string
  shell: '' | 'none' | 'sh' | 'cmd' | 'powershell'
}

/** `shared`: of the whole company. */
export interface Favourite extends FavouriteForm {
  id: number
  shared: boolean
}

export interface ConsentText {
  id: number
  version: number
  lang: Language
  body: string
  created_at: string
  current: boolean
}

export interface Notice {
  id: number
  title: string
  body: string
  audience: Audience
  from_at: string
  to_at: string | null
  pinned: boolean
}

export type NewNotice = Omit<Notice, 'id'>

export const LOGIN_RESULTS = ['ok', 'bad_password', 'bad_totp', 'ip_denied', 'locked'] as const

export interface LoginRecord {
  id: number
  at: string
  out_at: string | null
  login_id: string
  display_name: string
  address: string
  user_agent: string
  result: string
  out_reason: string | null
}

export const BYE_CODES = ['LOGGED_OUT', 'LOGIN_EXPIRED', 'LOGIN_REPLACED', 'SERVER_STOPPING'] as const
export type ByeCode = (typeof BYE_CODES)[number]

export type LiveMessage =
  | DevicesMessage
  | DeviceVisitsMessage
  | { type: 'sms'; message: SmsMessage }
  | SharingMessage
  | { type: 'hello'; sessions: Session[]; counts: Counts }
  | { type: 'session'; session: Session }
  | { type: 'counts'; counts: Counts }
  | { type: 'bye'; code: ByeCode }
