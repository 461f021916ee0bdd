/**
 * Strict JSON: one decoder for every JSON message of the protocol.
 *
 * A message is described by a schema made of the functions here. A missing, extra or ill-typed field is refused; nothing is
 * converted silently. Schemas throw Mismatch; only `loadObject` is called from outside and turns it into RemoteProtocolError.
 */

import { utf8, type Bytes } from './bytes'
import { RemoteProtocolError } from './errors'

export const MAX_JSON_BYTES = 64 * 1024
export const MAX_ITEMS = 1024

class Mismatch extends Error {}

/** Checks one parsed value; `name` is for the error's text. */
export type Schema<T> = (value: unknown, name: string) => T

interface Field<T> {
  readonly schema: Schema<T>
  readonly fallback?: T
}

type Fields<T> = { readonly [K in keyof T]: Field<T[K]> }

export const text: Schema<string> = (value, name) => {
  if (typeof value !== 'string') throw new Mismatch(`${name} is not text`)
  return value
}

export const integer: Schema<number> = (value, name) => {
  if (!Number.isSafeInteger(value)) throw new Mismatch(`${name} is not an integer`)
  return value as number
}

export const float: Schema<number> = (value, name) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Mismatch(`${name} is not a number`)
  return value
}

export const boolean: Schema<boolean> = (value, name) => {
  if (typeof value !== 'boolean') throw new Mismatch(`${name} is not a boolean`)
  return value
}

export function nullable<T>(schema: Schema<T>): Schema<T | null> {
  return (value, name) => (value === null ? null : schema(value, name))
}

export function oneOf<const T extends readonly string[]>(...words: T): Schema<T[number]> {
  return (value, name) => {
    const found = words.find((word) => word === value)
    if (found === undefined) throw new Mismatch(`${name} is none of ${words.join(', ')}`)
    return found
  }
}

export function list<T>(schema: Schema<T>): Schema<readonly T[]> {
  return (value, name) => {
    if (!Array.isArray(value) || value.length > MAX_ITEMS) throw new Mismatch(`${name} is not a list`)
    return value.map((item: unknown) => schema(item, name))
  }
}

export function required<T>(schema: Schema<T>): Field<T> {
  return { schema }
}

export function optional<T>(schema: Schema<T>, fallback: T): Field<T> {
  return { schema, fallback }
}

/** An object with exactly these fields. */
export function object<T>(fields: Fields<T>): Schema<T> {
  const known = Object.keys(fields) as (keyof T & string)[]
  return (value, name) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Mismatch(`${name} is not an object`)
    const given = new Map(Object.entries(value))
    const found: Partial<T> = {}
    for (const key of known) {
      const { schema, fallback } = fields[key]
      if (given.has(key)) found[key] = schema(given.get(key), key)
      else if (fallback !== undefined) found[key] = fallback
      else throw new Mismatch(`${name}.${key} is missing`)
      given.delete(key)
    }
    if (given.size > 0) throw new Mismatch(`${name} has a field too many`)
    return found as T
  }
}

/** Compact UTF-8 JSON. */
export function dumpJson(value: unknown): Bytes {
  return utf8(JSON.stringify(value))
}

/** Throws RemoteProtocolError(code) for anything that is not JSON, for duplicate keys and over-long text. */
export function loadJson(data: Uint8Array, code: string, maxBytes = MAX_JSON_BYTES): unknown {
  if (data.length > maxBytes) throw new RemoteProtocolError(code, 'too long')
  try {
    const json = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data)
    const value: unknown = JSON.parse(json)
    refuseDuplicates(json)
    return value
  } catch (problem) {
    if (problem instanceof Error) throw new RemoteProtocolError(code, 'not JSON')
    throw problem
  }
}

/** JSON text -> a value of the schema. Throws RemoteProtocolError(code). */
export function loadObject<T>(schema: Schema<T>, data: Uint8Array, code: string): T {
  const value = loadJson(data, code)
  try {
    return schema(value, 'message')
  } catch (problem) {
    if (problem instanceof Mismatch) throw new RemoteProtocolError(code, problem.message)
    throw problem
  }
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g

/** JSON.parse keeps the last of two equal keys; `json` is known to be well-formed. */
function refuseDuplicates(json: string): void {
  const open: (Set<string> | null)[] = []
  let last = ''
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(null)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') remember(open.at(-1), JSON.parse(last) as string)
    last = token
  }
}

function remember(keys: Set<string> | null | undefined, key: string): void {
  if (keys?.has(key) === true) throw new Mismatch('a key stands twice')
  keys?.add(key)
}
