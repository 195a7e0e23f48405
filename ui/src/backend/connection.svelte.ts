/** The state of the connection to the engine. */
type ConnectionState = 'connecting' | 'open' | 'lost' | 'unauthorised'

/** The connection to the engine: shown in the shell, set by the transports. */
class Connection {
  state = $state<ConnectionState>('connecting')
  /** Time of the last change of state, in milliseconds since the epoch. */
  since = $state(Date.now())
  /** Counts reconnections, so that views reload. */
  epoch = $state(0)

  set(state: ConnectionState): void {
    if (state === this.state) return
    if (state === 'open' && this.state === 'lost') this.epoch += 1
    this.state = state
    this.since = Date.now()
  }
}

export const connection = new Connection()
