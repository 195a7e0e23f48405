import { untrack } from 'svelte'
import { BackendError, asBackendError, call, isAborted, type Answer, type Arguments, type CommandName } from '@/backend'
import { changes, type ChangeKind } from './changes.svelte'
import { range } from './range.svelte'

/** Where a question stands. `stale`: an earlier answer is shown because the latest question failed. */
export type QueryState = 'idle' | 'loading' | 'ready' | 'empty' | 'stale' | 'failed'

export interface QueryOptions<T> {
  /** Kinds of change after which the question is asked again while live. */
  refresh?: readonly ChangeKind[]
  /** Whether to ask again although the time range is not live. */
  always?: boolean
  /** Whether an answer holds nothing. */
  empty?: (answer: T) => boolean
  /** Milliseconds to wait after a change of the question, for typed input. */
  debounce?: number
  /** Shortest time between two questions in milliseconds; by default it grows with the time range. */
  pace?: number | (() => number)
}

const SLOWEST_REFRESH = 15_000

/** A question to the engine with its latest answer. Earlier answers stay shown while a new one is fetched. */
export class Query<T> {
  data = $state.raw<T | undefined>(undefined)
  error = $state.raw<BackendError | null>(null)
  refreshing = $state(false)
  /** When the shown answer arrived, in milliseconds since the epoch. */
  updatedAt = $state(0)
  state = $state<QueryState>('idle')
  /** Asks again now. */
  reload: () => void = () => undefined
  /** Shows another answer at once, before the engine has confirmed it. */
  replace(answer: T): void {
    this.data = answer
  }
}

/**
 * Asks `load` and asks again when anything it reads before its first await changes, when data of a kind in
 * `refresh` arrive, and when the connection comes back. `load` gives null for "no question now".
 * Must be called while a component is set up.
 */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T> | null,
  options: QueryOptions<T> = {},
): Query<T> {
  const query = new Query<T>()
  let controller: AbortController | undefined
  let last = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let loading = false
  let again = false
  let ended = false

  function settle(answer: T) {
    query.data = answer
    query.error = null
    query.updatedAt = Date.now()
    query.state = options.empty?.(answer) ? 'empty' : 'ready'
  }

  function fail(thrown: unknown) {
    if (isAborted(thrown)) return
    query.error = asBackendError(thrown)
    query.state = query.data === undefined ? 'failed' : 'stale'
  }

  function ask(): void {
    clearTimeout(timer)
    timer = undefined
    if (ended) return
    controller?.abort()
    const mine = (controller = new AbortController())
    last = Date.now()
    const pending = load(mine.signal)
    untrack(() => {
      if (!pending) {
        query.state = 'idle'
        query.refreshing = false
        return
      }
      loading = true
      query.refreshing = true
      if (query.data === undefined) query.state = 'loading'
      pending
        .then(
          (answer) => mine.signal.aborted || settle(answer),
          (thrown) => mine.signal.aborted || fail(thrown),
        )
        .finally(() => {
          if (controller !== mine) return
          loading = false
          query.refreshing = false
          if (again) {
            again = false
            refreshSoon()
          }
        })
    })
  }

  const pace = () =>
    (typeof options.pace === 'function' ? options.pace() : options.pace) ??
    Math.min(SLOWEST_REFRESH, Math.max(1000, range.length / 600))

  function refreshSoon(): void {
    if (ended || timer || document.hidden || !(options.always || range.live)) return
    if (loading) {
      again = true
      return
    }
    timer = setTimeout(() => untrack(ask), Math.max(0, last + pace() - Date.now()))
  }

  query.reload = () => untrack(ask)

  $effect(() => {
    if (!options.debounce || last === 0) return ask()
    // Reads what the question depends on, then waits for the typing to end.
    const probe = new AbortController()
    probe.abort()
    void load(probe.signal)?.catch(() => undefined)
    const waiting = setTimeout(() => untrack(ask), options.debounce)
    return () => clearTimeout(waiting)
  })

  $effect(() => {
    const unsubscribe = options.refresh && changes.on(options.refresh, refreshSoon)
    const shown = () => document.hidden || refreshSoon()
    document.addEventListener('visibilitychange', shown)
    const ticking = setInterval(() => options.refresh && range.live && refreshSoon(), SLOWEST_REFRESH)
    return () => {
      unsubscribe?.()
      clearInterval(ticking)
      document.removeEventListener('visibilitychange', shown)
    }
  })

  $effect(() => () => {
    ended = true
    clearTimeout(timer)
    controller?.abort()
  })

  return query
}

/** `useResource` for one command; `args` gives null for "no question now". */
export function useQuery<Name extends CommandName>(
  name: Name,
  args: () => Arguments<Name> | null,
  options: QueryOptions<Answer<Name>> = {},
): Query<Answer<Name>> {
  return useResource((signal) => {
    const given = args()
    return given === null ? null : call(name, given, signal)
  }, options)
}
