import { connection } from './connection.svelte'

interface Subscription {
  topic: string
  args: unknown
  handler: (message: unknown) => void
}

const FIRST_DELAY = 250
const MAX_DELAY = 8000

/**
 * Opens one WebSocket for all subscriptions. It reconnects with growing delays and subscribes
 * again.
 */
export function openSocket(address: () => string) {
  const subscriptions = new Map<number, Subscription>()
  let socket: WebSocket | null = null
  let next = 1
  let delay = FIRST_DELAY
  let timer: ReturnType<typeof setTimeout> | undefined

  const send = (message: unknown) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }
  const sendSubscription = (id: number, { topic, args }: Subscription) => send({ subscribe: id, topic, args })

  function receive(text: string) {
    const { subscription, message } = JSON.parse(text) as { subscription?: number; message?: unknown }
    if (subscription !== undefined && message !== undefined) subscriptions.get(subscription)?.handler(message)
  }

  function open() {
    clearTimeout(timer)
    const opened = new WebSocket(address())
    socket = opened
    opened.onopen = () => {
      delay = FIRST_DELAY
      connection.set('open')
      for (const [id, subscription] of subscriptions) sendSubscription(id, subscription)
    }
    opened.onmessage = (event) => receive(String(event.data))
    opened.onclose = () => {
      if (connection.state !== 'unauthorised') connection.set('lost')
      timer = setTimeout(open, delay)
      delay = Math.min(delay * 2, MAX_DELAY)
    }
  }

  open()
  window.addEventListener('online', () => {
    if (socket?.readyState === WebSocket.CLOSED) open()
  })

  return {
    subscribe(topic: string, args: unknown, handler: (message: unknown) => void): () => void {
      const id = next++
      const subscription = { topic, args, handler }
      subscriptions.set(id, subscription)
      sendSubscription(id, subscription)
      return () => {
        subscriptions.delete(id)
        send({ unsubscribe: id })
      }
    },
  }
}
