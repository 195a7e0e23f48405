import { call, subscribe, type EngineStatus } from '@/backend'

/** What the engine says of itself, kept up to date. */
class Status {
  current = $state.raw<EngineStatus | null>(null)
  #started = false

  /** Begins to listen; called once by the shell. */
  start(): void {
    if (this.#started) return
    this.#started = true
    const take = (status: EngineStatus) => (this.current = status)
    subscribe('status', {}, take)
    call('status', {}).then(take, () => undefined)
  }
}

export const status = new Status()
