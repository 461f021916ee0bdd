import { describe, expect, it, vi } from 'vitest'
import { Api } from './api'
import { serverNow } from './clock'
import { ApiError, HttpClient, queryString } from './http'

interface Call {
  url: string
  method: string
  headers: Record<string, string>
  body: unknown
}

function build(answers: Response[]) {
  const calls: Call[] = []
  const onLoginRequired = vi.fn()
  const fake = async (url: string, init: RequestInit): Promise<Response> => {
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined
    calls.push({ url, method: init.method ?? '', headers: init.headers as Record<string, string>, body })
    const answer = answers.shift()
    if (!answer) throw new TypeError('no network')
    return answer
  }
  const http = new HttpClient({ base: '/api/v1', language: () => 'ko', onLoginRequired, fetch: fake as typeof fetch })
  return { http, api: new Api(http), calls, onLoginRequired }
}

const json = (body: unknown, status = 200, headers = {}): Response =>
  new Response(JSON.stringify(body), { status, headers })
const failed = async (work: Promise<unknown>): Promise<ApiError> => {
  const problem: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(problem).toBeInstanceOf(ApiError)
  return problem as ApiError
}

describe('requests', () => {
  it('carry the CSRF token of the login and the language of the page', async () => {
    const { api, calls } = build([json({ csrf: 'TOKEN' }), json({ id: 's' }, 201), json({ items: [] })])
    await api.login({ company: 'demo', id: 'op1', password: 'secret' })
    await api.openSession()
    await api.sessions()
    expect(calls[0]!.headers['X-CSRF-Token']).toBeUndefined()
    expect(calls[1]!.headers).toMatchObject({
      'X-CSRF-Token': 'TOKEN',
      'Accept-Language': 'ko',
      'Content-Type': 'application/json',
    })
    expect(calls[2]!.headers['X-CSRF-Token']).toBeUndefined()
  })

  it('keep ids from leaving their place in the path', async () => {
    const { api, calls } = build([json({})])
    await api.endSession('../accounts/1?x=')
    expect(calls[0]!.url).toBe('/api/v1/sessions/..%2Faccounts%2F1%3Fx%3D/end')
  })

  it('leave empty filters out', () => {
    expect(queryString({ page: 1, state: '', q: 'a b&c', from: undefined })).toBe('?page=1&q=a+b%26c')
    expect(queryString({})).toBe('')
  })

  it('accept an empty answer', async () => {
    const { api } = build([new Response(null, { status: 204 })])
    await expect(api.changePassword('a', 'b')).resolves.toBeUndefined()
  })

  it("take the server's clock from an answer", async () => {
    const { api } = build([json({ items: [] }, 200, { Date: 'Sun, 01 Mar 2026 00:00:00 GMT' })])
    await api.sessions()
    expect(Math.abs(serverNow() - Date.parse('2026-03-01T00:00:00Z'))).toBeLessThan(2000)
  })
})

describe('errors', () => {
  it('carry code, message, next step and details', async () => {
    const error = {
      code: 'SESSION_LIMIT',
      message: '여섯 개까지',
      next_step: '하나를 취소',
      details: { limit: 6 },
      fields: null,
    }
    const found = await failed(build([json({ error }, 409)]).api.openSession())
    expect(found).toMatchObject({
      status: 409,
      code: 'SESSION_LIMIT',
      message: '여섯 개까지',
      nextStep: '하나를 취소',
      details: { limit: 6 },
    })
  })

  it('FAQ-NONUM: tell that the login is gone, for LOGIN_REQUIRED only', async () => {
    const { api, onLoginRequired } = build([
      json({ error: { code: 'LOGIN_FAILED' } }, 401),
      json({ error: { code: 'LOGIN_REQUIRED' } }, 401),
    ])
    await failed(api.me())
    expect(onLoginRequired).not.toHaveBeenCalled()
    await failed(api.me())
    expect(onLoginRequired).toHaveBeenCalledTimes(1)
  })

  it('FAQ-NONUM: have a code of their own when no server answered or nothing sensible came', async () => {
    expect(await failed(build([]).api.me())).toMatchObject({ status: 0, code: 'NETWORK' })
    expect((await failed(build([new Response('<html>', { status: 502 })]).api.me())).code).toBe('SERVER_ERROR')
    expect((await failed(build([new Response('<html>', { status: 200 })]).api.me())).code).toBe('BAD_ANSWER')
    expect((await failed(build([json('text', 404)]).api.me())).code).toBe('BAD_ANSWER')
  })
})
