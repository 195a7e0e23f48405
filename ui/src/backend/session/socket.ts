import { connection } from '../connection.svelte'
import { givenCode, loadBrowser, saveBrowser } from './credentials'
import { prove, Refusal, type Channel, type Credential } from './handshake'

const FIRST_DELAY = 250
const MAX_DELAY = 8000
/** Milliseconds that the handshake may take. */
const HANDSHAKE_TIMEOUT = 15_000

/** The host and port of the engine. In development another server passes the requests on. */
const HOST = import.meta.env.DEV ? (import.meta.env.VITE_ENGINE_HOST as string) : location.host

/** The user of a socket. It hears nothing of a connection before the engine has proven itself. */
interface Client {
  opened: () => void
  received: (message: string | ArrayBuffer) => void
  closed: () => void
}

/**
 * Opens one WebSocket to the engine and keeps it open: it reconnects with growing delays. Each
 * connection begins with a handshake. If that is refused, or the engine does not prove itself, it
 * stops until the user tries again.
 */
export function openSocket(client: Client) {
  /** The code of a link, or the key that it was exchanged for. */
  let given: Promise<Credential | null> = givenCode
  let proven: WebSocket | null = null
  let current: WebSocket | null = null
  let delay = FIRST_DELAY
  let timer: ReturnType<typeof setTimeout> | undefined

  const choose = async () => (await given) ?? (await loadBrowser())

  async function connect(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const credential = await choose().catch(() => null)
    if (!credential) return refuse(new Refusal('missing'))
    const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/session`)
    socket.binaryType = 'arraybuffer'
    current = socket
    const late = setTimeout(() => socket.close(), HANDSHAKE_TIMEOUT)
    try {
      const browser = await prove(channelOf(socket), credential, HOST)
      if (credential.kind === 'code') {
        given = Promise.resolve({ ...browser, kind: 'browser' })
        // A browser that stores nothing needs a new link for the next page.
        await saveBrowser(browser).catch(() => undefined)
      }
      follow(socket)
    } catch (thrown) {
      socket.close()
      if (!(thrown instanceof Refusal)) retryLater()
      else if (thrown.reason === 'unknown' && (await given)) await useStoredKey(thrown)
      else refuse(thrown)
    } finally {
      clearTimeout(late)
    }
  }

  /** A link was opened again, or a key has ended: another page may have stored a valid one. */
  async function useStoredKey(refusal: Refusal): Promise<void> {
    given = Promise.resolve(null)
    const known = await loadBrowser().catch(() => null)
    if (known) await connect()
    else refuse(refusal)
  }

  function follow(socket: WebSocket) {
    if (socket.readyState !== WebSocket.OPEN) return retryLater()
    delay = FIRST_DELAY
    proven = socket
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => client.received(event.data)
    socket.onclose = () => {
      proven = null
      retryLater()
      client.closed()
    }
    connection.set('open')
    client.opened()
  }

  function retryLater() {
    connection.set('lost')
    client.closed()
    timer = setTimeout(() => void connect(), delay)
    delay = Math.min(delay * 2, MAX_DELAY)
  }

  function refuse(refusal: Refusal) {
    connection.refuse(refusal.reason, () => {
      connection.set('connecting')
      void connect()
    })
    client.closed()
  }

  void connect()
  window.addEventListener('online', () => {
    if (timer !== undefined && current?.readyState === WebSocket.CLOSED) void connect()
  })

  return {
    /** Sends a request. Returns false if no engine has proven itself on a connection. */
    send(message: unknown): boolean {
      if (proven?.readyState !== WebSocket.OPEN) return false
      proven.send(JSON.stringify(message))
      return true
    },
  }
}

/** Returns the channel of a connection that is not proven yet. */
function channelOf(socket: WebSocket): Channel {
  const opened = new Promise<void>((done) => (socket.onopen = () => done()))
  const closed = new Promise<never>((_, failed) => {
    socket.onclose = () => failed(new Error('the connection is closed'))
  })
  closed.catch(() => undefined)
  const received: unknown[] = []
  let arrived: (() => void) | null = null
  socket.onmessage = (event: MessageEvent<unknown>) => {
    received.push(event.data)
    arrived?.()
  }
  return {
    send: (message) => void opened.then(() => socket.send(JSON.stringify(message))),
    receive: async () => {
      if (!received.length) await Promise.race([closed, new Promise<void>((done) => (arrived = done))])
      const data = received.shift()
      if (typeof data !== 'string') throw new Refusal('impostor')
      return data
    },
  }
}
