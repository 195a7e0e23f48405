import { decodeSeries } from '../arrow'
import { connection } from '../connection.svelte'
import { BackendError, asBackendError } from '../errors'
import type { Transport } from '../transport'
import { decodeBinary, FileReply, SeriesReply } from './frames'
import { openSocket } from './socket'

interface Call {
  request: unknown
  sent: boolean
  done: (value: unknown) => void
  failed: (error: unknown) => void
}

interface Subscription {
  request: unknown
  handler: (message: unknown) => void
}

/** A text message of the engine. */
interface Message {
  reply?: number | null
  value?: unknown
  error?: unknown
  file?: { name: string; path: string }
  subscription?: number
  message?: unknown
}

const unreachable = () => new BackendError('unreachable', 'no answer from the engine; it may have been stopped')
const unauthorised = () => new BackendError('unauthorised', 'this page has no session with the engine')

/** Returns a transport over one session with the engine. */
export function sessionTransport(): Transport {
  const calls = new Map<number, Call>()
  const subscriptions = new Map<number, Subscription>()
  let next = 1

  const socket = openSocket({
    opened() {
      for (const { request } of subscriptions.values()) socket.send(request)
      for (const call of calls.values()) call.sent = socket.send(call.request)
    },
    received(data) {
      if (typeof data !== 'string') {
        const { reply, value } = decodeBinary(data)
        settle(reply, (call) => call.done(value))
        return
      }
      const { reply, value, error, file, subscription, message } = JSON.parse(data) as Message
      if (typeof reply === 'number') {
        const answer = file ? new FileReply(file.name, file.path) : value
        settle(reply, (call) => (error === undefined ? call.done(answer) : call.failed(asBackendError(error))))
      } else if (subscription !== undefined && message !== undefined) {
        subscriptions.get(subscription)?.handler(message)
      }
    },
    closed() {
      const error = connection.state === 'unauthorised' ? unauthorised() : unreachable()
      for (const id of [...calls.keys()]) settle(id, (call) => call.failed(error))
    },
  })

  function settle(id: number, end: (call: Call) => void) {
    const call = calls.get(id)
    calls.delete(id)
    if (call) end(call)
  }

  /** Calls a command. The first calls wait for the session. */
  function request(name: string, args: unknown, signal?: AbortSignal): Promise<unknown> {
    return new Promise((done, failed) => {
      signal?.throwIfAborted()
      if (connection.state === 'unauthorised') throw unauthorised()
      if (connection.state === 'lost') throw unreachable()
      const id = next++
      const message = { call: id, name, args }
      const cancel = () =>
        settle(id, (call) => {
          if (call.sent) socket.send({ cancel: id })
          call.failed(signal?.reason)
        })
      signal?.addEventListener('abort', cancel, { once: true })
      const ended =
        <T>(end: (value: T) => void) =>
        (value: T) => {
          signal?.removeEventListener('abort', cancel)
          end(value)
        }
      calls.set(id, { request: message, sent: socket.send(message), done: ended(done), failed: ended(failed) })
    })
  }

  return {
    async call(name, args, signal) {
      const reply = await request(name, args, signal)
      if (reply instanceof SeriesReply) return decodeSeries(reply.bytes)
      return reply instanceof FileReply ? fetchFile(reply, signal) : reply
    },
    subscribe(topic, args, handler) {
      const id = next++
      const subscription = { request: { subscribe: id, topic, args }, handler }
      subscriptions.set(id, subscription)
      socket.send(subscription.request)
      return () => {
        subscriptions.delete(id)
        socket.send({ unsubscribe: id })
      }
    },
    async saveFile(command, args, suggestedName) {
      const reply = await request(command, args)
      if (!(reply instanceof FileReply)) throw new BackendError('internal', `${command} did not return a file`)
      // The browser writes it to the disk as it arrives. It may be larger than the memory.
      return download(reply.path, suggestedName || reply.name)
    },
    saveContent(content, suggestedName) {
      const address = URL.createObjectURL(content)
      setTimeout(() => URL.revokeObjectURL(address), 60_000)
      return Promise.resolve(download(address, suggestedName))
    },
  }
}

/** Returns the contents of a file that is shown in the page. */
async function fetchFile({ path }: FileReply, signal?: AbortSignal): Promise<Blob> {
  const response = await fetch(path, { signal: signal ?? null }).catch((thrown: unknown) => {
    signal?.throwIfAborted()
    throw thrown instanceof TypeError ? unreachable() : thrown
  })
  if (!response.ok) throw new BackendError('internal', `the engine did not send the file: ${await response.text()}`)
  return response.blob()
}

/** Starts a download in the browser; returns the name. */
function download(address: string, name: string): string {
  Object.assign(document.createElement('a'), { href: address, download: name }).click()
  return name
}
