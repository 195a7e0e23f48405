import type { State } from './state'

interface Toast {
  id: number
  text: string
  state: State
  action?: { label: string; run: () => void }
}

const SHOWN_FOR = 6000

/** Short messages at the bottom of the console. */
class Toasts {
  list = $state<Toast[]>([])
  #next = 1

  /** Shows a message for a few seconds, longer with an action such as undo. */
  show(text: string, state: State = 'healthy', action?: Toast['action']): void {
    const id = this.#next++
    this.list = [...this.list.slice(-3), { id, text, state, action }]
    setTimeout(() => this.dismiss(id), action ? SHOWN_FOR * 1.5 : SHOWN_FOR)
  }

  /** Shows a failed action with the reason. */
  fail(thrown: unknown, what: string): void {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    this.show(`${what}: ${reason}`, 'unhealthy')
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id)
  }
}

export const toasts = new Toasts()
