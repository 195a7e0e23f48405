import { connection } from './connection.svelte'

interface Subscription {
  topic: string
  args: unknown
  handler: (message: unknown) => void
}

const FIRST_DELAY = 250
const LONGEST_DELAY = 8000

/** One WebSocket for all subscriptions, opened again with growing delays; every subscription is asked for again. */
export function openSocket(address: () => string) {
  const subscriptions = new Map<number, Subscription>()
  let socket: WebSocket | null = null
  let next = 1
  let delay = FIRST_DELAY
  let timer: ReturnType<typeof setTimeout> | undefined

  const send = (message: unknown) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }
  const ask = (id: number, { topic, args }: Subscription) => send({ subscribe: id, topic, args })

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
      for (const [id, subscription] of subscriptions) ask(id, subscription)
    }
    opened.onmessage = (event) => receive(String(event.data))
    opened.onclose = () => {
      if (connection.state !== 'unauthorised') connection.set('lost')
      timer = setTimeout(open, delay)
      delay = Math.min(delay * 2, LONGEST_DELAY)
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
      ask(id, subscription)
      return () => {
        subscriptions.delete(id)
        send({ unsubscribe: id })
      }
    },
  }
}
