import { decodeSeries } from '../arrow'
import { connection } from '../connection.svelte'
import { BackendError, asBackendError } from '../errors'
import type { Transport } from '../transport'
import { BinaryReply, decodeBinary } from './frames'
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
      const { reply, value, error, subscription, message } = JSON.parse(data) as Message
      if (typeof reply === 'number') {
        settle(reply, (call) => (error === undefined ? call.done(value) : call.failed(asBackendError(error))))
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
      if (!(reply instanceof BinaryReply)) return reply
      return reply.kind === 'series' ? decodeSeries(reply.bytes) : reply.blob()
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
      if (!(reply instanceof BinaryReply)) throw new BackendError('internal', `${command} did not return a file`)
      return download(reply.blob(), suggestedName || reply.name)
    },
    saveContent: (content, suggestedName) => Promise.resolve(download(content, suggestedName)),
  }
}

/** Starts a download in the browser; returns the name. */
function download(content: Blob, name: string): string {
  const address = URL.createObjectURL(content)
  Object.assign(document.createElement('a'), { href: address, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
  return name
}
