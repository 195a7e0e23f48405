import { untrack } from 'svelte'
import {
  asBackendError,
  call,
  connection,
  subscribe,
  type BackendError,
  type LogLine,
  type TagMatcher,
} from '../backend'
import { range } from '../shared/range.svelte'
import { useResource } from '../shared/query.svelte'
import { mergeLines } from './lines'

const PAGE = 200

/** The lines of the list: the first page, older pages on demand, and new lines while live. */
export function useLogFeed(question: () => { query: string; matchers: TagMatcher[] }) {
  let lines = $state.raw<LogLine[]>([])
  let held = $state.raw<LogLine[]>([])
  let cursor = $state<string | null>(null)
  let loadingOlder = $state(false)
  let olderError = $state.raw<BackendError | null>(null)
  let atTop = $state(true)
  /** Whether the latest change put lines before the others, so that the list keeps its place. */
  let grewAtStart = $state(false)

  const page = useResource((signal) => {
    const asked = { ...question(), range: range.request(), limit: PAGE, cursor: null }
    return call('search_logs', asked, signal).then((answer) => {
      grewAtStart = false
      held = []
      lines = answer.lines
      cursor = answer.cursor
      olderError = null
      return answer
    })
  })

  $effect(() => {
    // A search that was refused is not followed.
    if (!range.live || page.error?.code === 'invalid') return
    return subscribe('log_tail', question(), (arrived) => {
      const newest = [...arrived].sort((a, b) => b.time - a.time)
      untrack(() => {
        if (atTop) show(newest)
        else held = mergeLines(newest, held)
      })
    })
  })

  // Lines that came while the console was hidden were not sent.
  $effect(() => {
    const shown = () => document.hidden || !range.live || page.reload()
    document.addEventListener('visibilitychange', shown)
    return () => document.removeEventListener('visibilitychange', shown)
  })

  let epoch = connection.epoch
  $effect(() => {
    if (connection.epoch !== epoch) untrack(page.reload)
    epoch = connection.epoch
  })

  function show(newer: readonly LogLine[]) {
    grewAtStart = !atTop
    lines = mergeLines(newer, lines)
    if (page.state === 'empty') page.state = 'ready'
  }

  async function older() {
    if (!cursor || loadingOlder) return
    loadingOlder = true
    olderError = null
    const asked = page.data
    try {
      const answer = await call('search_logs', { ...question(), range: range.request(), limit: PAGE, cursor })
      if (asked !== page.data) return
      grewAtStart = false
      lines = mergeLines(lines, answer.lines, Number.POSITIVE_INFINITY)
      cursor = answer.cursor
    } catch (thrown) {
      olderError = asBackendError(thrown)
    } finally {
      loadingOlder = false
    }
  }

  return {
    page,
    older,
    get lines() {
      return lines
    },
    get held() {
      return held.length
    },
    get more() {
      return cursor !== null
    },
    get loadingOlder() {
      return loadingOlder
    },
    get olderError() {
      return olderError
    },
    get grewAtStart() {
      return grewAtStart
    },
    /** Tells whether the newest line is in view; new lines wait while it is not. */
    scrolled(top: boolean) {
      if (top && !atTop) {
        atTop = true
        if (held.length) this.release()
      } else atTop = top
    },
    /** Shows the lines that waited. */
    release() {
      const waiting = held
      held = []
      atTop = true
      show(waiting)
    },
  }
}

export type LogFeed = ReturnType<typeof useLogFeed>
