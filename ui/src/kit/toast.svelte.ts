import type { State } from './state'

export interface Toast {
  id: number
  text: string
  state: State
  action?: { label: string; run: () => void }
}

const SHOWN_FOR = 6000

/** Short messages at the foot of the console. */
class Toasts {
  list = $state<Toast[]>([])
  #next = 1

  /** Says something for a few seconds; with an action (such as undo) a little longer. */
  say(text: string, state: State = 'healthy', action?: Toast['action']): void {
    const id = this.#next++
    this.list = [...this.list.slice(-3), { id, text, state, action }]
    setTimeout(() => this.dismiss(id), action ? SHOWN_FOR * 1.5 : SHOWN_FOR)
  }

  /** Says what went wrong. */
  fail(thrown: unknown, what: string): void {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    this.say(`${what}: ${reason}`, 'unhealthy')
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id)
  }
}

export const toasts = new Toasts()
