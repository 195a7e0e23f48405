import { connection, subscribe, type Changes } from '@/backend'

export type ChangeKind = keyof Changes

type Listener = () => void

/** Notifies views of changed data, so that they reload. One subscription for the whole console. */
class ChangeFeed {
  #listeners = new Map<ChangeKind, Set<Listener>>()
  #started = false

  /** Calls `listener` when one of `kinds` changed, until the returned function is called. */
  on(kinds: readonly ChangeKind[], listener: Listener): () => void {
    this.#start()
    for (const kind of kinds) {
      const set = this.#listeners.get(kind) ?? new Set()
      this.#listeners.set(kind, set.add(listener))
    }
    return () => kinds.forEach((kind) => this.#listeners.get(kind)?.delete(listener))
  }

  #start() {
    if (this.#started) return
    this.#started = true
    subscribe('changes', {}, (changes) => {
      const affected = new Set<Listener>()
      for (const kind of Object.keys(changes) as ChangeKind[])
        if (changes[kind]) this.#listeners.get(kind)?.forEach((listener) => affected.add(listener))
      affected.forEach((listener) => listener())
    })
    $effect.root(() => {
      let epoch = connection.epoch
      $effect(() => {
        if (connection.epoch === epoch) return
        epoch = connection.epoch
        new Set([...this.#listeners.values()].flatMap((set) => [...set])).forEach((listener) => listener())
      })
    })
  }
}

export const changes = new ChangeFeed()
