/** How the console reaches the engine right now. */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'unauthorised'

/** The connection to the engine: shown in the shell, set by the transports. */
class Connection {
  state = $state<ConnectionState>('connecting')
  /** Since when the state holds, in milliseconds since the epoch. */
  since = $state(Date.now())
  /** Bumped each time the connection comes back, so that views load again. */
  epoch = $state(0)

  set(state: ConnectionState): void {
    if (state === this.state) return
    if (state === 'open' && this.state === 'lost') this.epoch += 1
    this.state = state
    this.since = Date.now()
  }
}

export const connection = new Connection()
