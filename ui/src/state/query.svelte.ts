import { untrack } from 'svelte'
import { BackendError, asBackendError, call, isAborted, type Answer, type Arguments, type CommandName } from '@/backend'
import { changes, type ChangeKind } from './changes.svelte'
import { range } from './range.svelte'

/** The state of a query. `stale`: an earlier answer is shown because the latest request failed. */
export type QueryState = 'idle' | 'loading' | 'ready' | 'empty' | 'stale' | 'failed'

export interface QueryOptions<T> {
  /** Kinds of changes that reload the query while live. */
  refresh?: readonly ChangeKind[]
  /** True if changes reload it although the time range is not live. */
  always?: boolean
  /** Returns true if an answer is empty. */
  empty?: (answer: T) => boolean
  /** Milliseconds to wait after a change of the arguments, for typed input. */
  debounce?: number
  /** Minimum milliseconds between two requests; by default it grows with the time range. */
  interval?: number | (() => number)
}

const SLOWEST_REFRESH = 15_000

/** A query with its latest answer. An earlier answer stays while a new one is loaded. */
export class Query<T> {
  data = $state.raw<T | undefined>(undefined)
  error = $state.raw<BackendError | null>(null)
  refreshing = $state(false)
  /** Arrival of the shown answer, in milliseconds since the epoch. */
  updatedAt = $state(0)
  state = $state<QueryState>('idle')
  /** Reloads now. */
  reload: () => void = () => undefined
  /** Shows another answer at once, before the engine confirms it. */
  replace(answer: T): void {
    this.data = answer
  }
}

/**
 * Runs `load`, and runs it again in these cases:
 *
 * 1. State that it reads before its first await changes.
 * 2. Data of a kind in `refresh` arrive.
 * 3. The connection is restored.
 *
 * `load` returns null for no request. Must be called during the initialisation of a component.
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

  function request(): void {
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

  const interval = () =>
    (typeof options.interval === 'function' ? options.interval() : options.interval) ??
    Math.min(SLOWEST_REFRESH, Math.max(1000, range.length / 600))

  function refreshSoon(): void {
    if (ended || timer || document.hidden || !(options.always || range.live)) return
    if (loading) {
      again = true
      return
    }
    timer = setTimeout(() => untrack(request), Math.max(0, last + interval() - Date.now()))
  }

  query.reload = () => untrack(request)

  $effect(() => {
    if (!options.debounce || last === 0) return request()
    // Reads the dependencies of the request, then waits for the end of typing.
    const probe = new AbortController()
    probe.abort()
    void load(probe.signal)?.catch(() => undefined)
    const waiting = setTimeout(() => untrack(request), options.debounce)
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

/** Runs `useResource` for one command; `args` returns null for no request. */
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
