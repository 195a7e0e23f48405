import { decodeSeries } from './arrow'
import { connection } from './connection.svelte'
import { BackendError, asBackendError } from './errors'
import { openSocket } from './socket'
import type { Transport } from './transport'

const TOKEN_KEY = 'binnacle-token'

/**
 * Reads the token from the page's address, stores it for this tab and removes it from the address.
 */
function takeToken(): string {
  const address = new URL(location.href)
  const given = address.searchParams.get('token')
  if (given) {
    sessionStorage.setItem(TOKEN_KEY, given)
    address.searchParams.delete('token')
    history.replaceState(history.state, '', address)
  }
  return given ?? sessionStorage.getItem(TOKEN_KEY) ?? ''
}

async function failure(response: Response): Promise<BackendError> {
  if (response.status === 401 || response.status === 403) {
    connection.set('unauthorised')
    return new BackendError('unauthorised', 'this page was opened without a valid token')
  }
  try {
    return asBackendError(await response.json())
  } catch {
    return new BackendError('internal', `the engine responded ${response.status} ${response.statusText}`)
  }
}

/** Starts a download in the browser; returns the name. */
function download(content: Blob, name: string): string {
  const address = URL.createObjectURL(content)
  Object.assign(document.createElement('a'), { href: address, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
  return name
}

/** Returns a transport over HTTP and one WebSocket. */
export function httpTransport(): Transport {
  const token = takeToken()
  const socket = openSocket(() => {
    const address = new URL('/api/subscribe', location.href)
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
    address.hash = ''
    address.search = `?token=${encodeURIComponent(token)}`
    return address.href
  })

  async function post(name: string, args: unknown, signal?: AbortSignal): Promise<Response> {
    let response: Response
    try {
      response = await fetch(`/api/command/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(args),
        signal,
      })
    } catch (thrown) {
      if (signal?.aborted) throw thrown
      connection.set('lost')
      throw new BackendError('unreachable', 'no answer from the engine; it may have been stopped')
    }
    if (!response.ok) throw await failure(response)
    return response
  }

  return {
    async call(name, args, signal) {
      const response = await post(name, args, signal)
      const type = response.headers.get('content-type') ?? ''
      if (type.includes('arrow')) return decodeSeries(await response.arrayBuffer())
      if (response.headers.has('content-disposition')) return response.blob()
      return response.status === 204 ? null : response.json()
    },
    subscribe: socket.subscribe,
    async saveFile(command, args, suggestedName) {
      const response = await post(command, args)
      const header = /filename="?([^";]+)"?/.exec(response.headers.get('content-disposition') ?? '')
      const name = suggestedName || header?.[1] || command
      return download(await response.blob(), name)
    },
    saveContent: (content, suggestedName) => Promise.resolve(download(content, suggestedName)),
  }
}
