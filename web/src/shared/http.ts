/** JSON over `fetch` with the product's error body, CSRF header and language. Knows no routes (see api.ts). */

import { noteServerDate } from './clock'

interface ErrorBody {
  error?: {
    code?: unknown
    message?: unknown
    next_step?: unknown
    details?: Record<string, unknown> | null
    fields?: Record<string, string> | null
  }
}

/** Every failed request. `status` 0 and code NETWORK: no answer came. `message` is in the UI's language, may be empty. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message = '',
    readonly nextStep = '',
    readonly details: Record<string, unknown> | null = null,
    readonly fields: Record<string, string> | null = null,
  ) {
    super(message)
    this.name = 'ApiError'
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type Query = Record<string, string | number | undefined>

export interface HttpOptions {
  base: string
  language: () => string
  /** Called for every 401 LOGIN_REQUIRED, before the error is thrown. */
  onLoginRequired: () => void
  fetch?: typeof fetch
}

export class HttpClient {
  csrf = ''

  constructor(private readonly options: HttpOptions) {}

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.request<T>('GET', path + queryString(query))
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.request<T>('POST', path, body)
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>('PUT', path, body)
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>('PATCH', path, body)
  }

  delete<T>(path: string): Promise<T> {
    return this.request<T>('DELETE', path)
  }

  /** Bytes as they are. */
  async putBytes(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.answered('PUT', path, bytes)
  }

  /** `bearer`: of the Authorization header. */
  async getBytes(path: string, bearer: string): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await (await this.answered('GET', path, undefined, bearer)).arrayBuffer())
  }

  private async request<T>(method: Method, path: string, body?: unknown): Promise<T> {
    return (await readJson(await this.answered(method, path, body))) as T
  }

  private async answered(method: Method, path: string, body?: unknown, bearer?: string): Promise<Response> {
    const answer = await this.send(method, path, body, bearer)
    noteServerDate(answer.headers.get('date'))
    if (answer.ok) return answer
    const error = toError(answer.status, await readJson(answer))
    if (answer.status === 401 && error.code === 'LOGIN_REQUIRED') this.options.onLoginRequired()
    throw error
  }

  private async send(method: Method, path: string, body?: unknown, bearer?: string): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': this.options.language() }
    if (method !== 'GET' && this.csrf) headers['X-CSRF-Token'] = this.csrf
    const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' }
    if (bearer !== undefined) headers.Authorization = `Bearer ${bearer}`
    if (body instanceof Uint8Array) {
      headers['Content-Type'] = 'application/octet-stream'
      init.body = body as Uint8Array<ArrayBuffer>
    } else if (body !== undefined) {
      headers['Content-Type'] = 'application/json'
      init.body = JSON.stringify(body)
    }
    try {
      return await (this.options.fetch ?? fetch)(this.options.base + path, init)
    } catch (problem) {
      throw new ApiError(0, 'NETWORK', '', '', { cause: String(problem) })
    }
  }
}

/** undefined for an empty body (204). Throws ApiError BAD_ANSWER for a body that is not JSON in a successful answer. */
async function readJson(answer: Response): Promise<unknown> {
  const text = await answer.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    if (answer.ok) throw new ApiError(answer.status, 'BAD_ANSWER')
    return undefined
  }
}

function toError(status: number, body: unknown): ApiError {
  const error = (body as ErrorBody | undefined)?.error
  if (typeof error?.code !== 'string') return new ApiError(status, status >= 500 ? 'SERVER_ERROR' : 'BAD_ANSWER')
  return new ApiError(
    status,
    error.code,
    typeof error.message === 'string' ? error.message : '',
    typeof error.next_step === 'string' ? error.next_step : '',
    error.details ?? null,
    error.fields ?? null,
  )
}

/** "?a=1&b=x", without empty values; "" for nothing. */
export function queryString(query: Query): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, String(value))
  }
  const text = params.toString()
  return text ? `?${text}` : ''
}
