/** The operator's Ed25519 key: made once in each browser, not extractable, kept in IndexedDB of this origin. */

const DATABASE = 'wizhelper-keys'
const STORE = 'keys'
const NAME = 'operator'

let pageKey: Promise<CryptoKeyPair> | null = null

/**
 * Rejects with DOMException NotSupportedError when the browser knows no Ed25519. Where storage is denied (private windows),
 * the key lives as long as the page.
 */
export function operatorKey(): Promise<CryptoKeyPair> {
  pageKey ??= findOrMake().catch((problem: unknown) => {
    pageKey = null
    throw problem
  })
  return pageKey
}

async function findOrMake(): Promise<CryptoKeyPair> {
  let database: IDBDatabase
  try {
    database = await open()
  } catch (problem) {
    if (problem instanceof DOMException) return generate()
    throw problem
  }
  try {
    return (await stored(database)) ?? (await keep(database, await generate()))
  } finally {
    database.close()
  }
}

async function generate(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1)
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE)
  }
  return result(request)
}

async function stored(database: IDBDatabase): Promise<CryptoKeyPair | null> {
  const found = await result<unknown>(database.transaction(STORE, 'readonly').objectStore(STORE).get(NAME))
  return (found as CryptoKeyPair | undefined) ?? null
}

/** Another tab may have been faster: then its key counts. */
async function keep(database: IDBDatabase, made: CryptoKeyPair): Promise<CryptoKeyPair> {
  const store = database.transaction(STORE, 'readwrite').objectStore(STORE)
  const found = (await result<unknown>(store.get(NAME))) as CryptoKeyPair | undefined
  if (found !== undefined) return found
  try {
    await result(store.put(made, NAME))
  } catch (problem) {
    // Some private windows refuse to store keys only.
    if (!(problem instanceof DOMException)) throw problem
  }
  return made
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new DOMException('no reason given', 'UnknownError'))
    }
  })
}
