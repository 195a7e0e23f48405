import { call, subscribe, type EngineStatus } from '@/backend'

/** The status of the engine, updated continuously. */
class Status {
  current = $state.raw<EngineStatus | null>(null)
  #started = false

  /** Starts the subscription; called once by the shell. */
  start(): void {
    if (this.#started) return
    this.#started = true
    const set = (status: EngineStatus) => (this.current = status)
    subscribe('status', {}, set)
    call('status', {}).then(set, () => undefined)
  }
}

export const status = new Status()
