import type { RefusalReason } from './session/handshake'

/** The state of the connection to the engine. `unauthorised`: it stays closed, see `refusal`. */
type ConnectionState = 'connecting' | 'open' | 'lost' | 'unauthorised'

/** A session that was refused. */
interface ShownRefusal {
  reason: RefusalReason
  /** Connects again. */
  retry: () => void
}

/** The connection to the engine: shown in the shell, set by the transports. */
class Connection {
  state = $state<ConnectionState>('connecting')
  /** Time of the last change of state, in milliseconds since the epoch. */
  since = $state(Date.now())
  /** Counts reconnections, so that views reload. */
  epoch = $state(0)
  refusal = $state.raw<ShownRefusal | null>(null)
  #interrupted = false

  set(state: ConnectionState): void {
    if (state === this.state) return
    if (state === 'lost' || state === 'unauthorised') this.#interrupted = true
    if (state === 'open' && this.#interrupted) {
      this.#interrupted = false
      this.epoch += 1
    }
    this.state = state
    this.since = Date.now()
  }

  refuse(reason: RefusalReason, retry: () => void): void {
    this.refusal = { reason, retry }
    this.set('unauthorised')
  }
}

export const connection = new Connection()
