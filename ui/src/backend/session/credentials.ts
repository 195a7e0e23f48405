import { parseBytes } from './encoding'
import { importKey, type Browser, type Credential } from './handshake'

const DATABASE = 'binnacle'
const STORE = 'session'
const KEY = 'browser'

/** Splits the fragment of a link, `#code=ID.SECRET`, which may end with an address `#/logs`. */
export function parseLink(fragment: string): { id: string; secret: Uint8Array<ArrayBuffer>; rest: string } | null {
  const found = /^#code=([0-9a-f]{16})\.([\w-]{43})(#.*)?$/s.exec(fragment)
  const secret = parseBytes(found?.[2])
  return found && secret ? { id: found[1] ?? '', secret, rest: found[3] ?? '' } : null
}

/**
 * Takes the code out of the page's address, and out of the history entry. A link that is opened in
 * a page that is already there loads the page again.
 */
function takeCode(): Promise<Credential | null> {
  if (typeof window === 'undefined') return Promise.resolve(null)
  window.addEventListener('hashchange', () => {
    if (parseLink(location.hash)) location.reload()
  })
  const link = parseLink(location.hash)
  if (!link) return Promise.resolve(null)
  history.replaceState(history.state, '', `${location.pathname}${link.rest}`)
  return importKey(link.secret).then((key) => ({ kind: 'code', id: link.id, key }))
}

/** The code of the link that the page was opened with. */
export const givenCode = takeCode()

/** Returns the key of this browser, if it has one. */
export async function loadBrowser(): Promise<Credential | null> {
  const found = await inStore<Browser | undefined>('readonly', (store) => store.get(KEY))
  return found ? { kind: 'browser', ...found } : null
}

/** Stores the key of this browser. The stored key cannot be read by scripts either. */
export const saveBrowser = (browser: Browser): Promise<unknown> =>
  inStore('readwrite', (store) => store.put(browser, KEY))

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error ?? new Error('the browser stores nothing'))
  })
}

async function inStore<T>(mode: IDBTransactionMode, run: (store: IDBObjectStore) => IDBRequest): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE)
  const database = await settled(opening)
  try {
    return (await settled(run(database.transaction(STORE, mode).objectStore(STORE)))) as T
  } finally {
    database.close()
  }
}
