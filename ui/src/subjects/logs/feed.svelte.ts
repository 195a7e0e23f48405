import { untrack } from 'svelte'
import {
  asBackendError,
  call,
  connection,
  subscribe,
  type BackendError,
  type LogLine,
  type TagMatcher,
} from '@/backend'
import { range } from '@/state/range.svelte'
import { useResource } from '@/state/query.svelte'
import { mergeLines } from './lines'

const PAGE = 200

/** Loads the lines of the list: the first page, older pages on demand, and new lines while live. */
export function useLogFeed(search: () => { query: string; matchers: TagMatcher[] }) {
  let lines = $state.raw<LogLine[]>([])
  let pending = $state.raw<LogLine[]>([])
  let cursor = $state<string | null>(null)
  let loadingOlder = $state(false)
  let olderError = $state.raw<BackendError | null>(null)
  let atTop = $state(true)
  /** True if a line is open. */
  let isLineOpen = $state(false)
  /** True if lines are missing between the shown and the pending ones. */
  let hasGap = false
  /**
   * True if the latest change added lines at the start, so that the list retains its scroll
   * position.
   */
  let grewAtStart = $state(false)

  const page = useResource((signal) => {
    const request = { ...search(), range: range.request(), limit: PAGE, cursor: null }
    return call('search_logs', request, signal).then((answer) => {
      grewAtStart = false
      pending = []
      hasGap = false
      lines = answer.lines
      cursor = answer.cursor
      olderError = null
      return answer
    })
  })

  $effect(() => {
    // An invalid search has no live tail.
    if (!range.live || page.error?.code === 'invalid') return
    return subscribe('log_tail', search(), (arrived) => {
      const newest = [...arrived].sort((a, b) => b.time - a.time)
      untrack(() => {
        if (atTop && !isLineOpen) show(newest)
        else pending = mergeLines(newest, pending)
      })
    })
  })

  // Lines that arrived while the console was hidden were not sent.
  $effect(() => {
    const shown = () => document.hidden || !range.live || void catchUp()
    document.addEventListener('visibilitychange', shown)
    return () => document.removeEventListener('visibilitychange', shown)
  })

  let epoch = connection.epoch
  $effect(() => {
    if (connection.epoch !== epoch) untrack(() => void catchUp())
    epoch = connection.epoch
  })

  function show(newer: readonly LogLine[]) {
    grewAtStart = !atTop
    lines = mergeLines(newer, lines)
    if (page.state === 'empty') page.state = 'ready'
  }

  /** Loads the newest lines without moving the list while it is scrolled or a line is open. */
  async function catchUp() {
    if ((atTop && !isLineOpen) || !lines.length) return page.reload()
    const before = page.data
    try {
      const answer = await call('search_logs', { ...search(), range: range.request(), limit: PAGE, cursor: null })
      if (before !== page.data) return
      const newest = lines[0]?.time ?? 0
      const joined = answer.cursor === null || answer.lines.some(({ time }) => time <= newest)
      pending = mergeLines(
        answer.lines.filter(({ time, id }) => time >= newest && id !== lines[0]?.id),
        pending,
      )
      hasGap ||= !joined
    } catch {
      // The banner reports the lost connection; lines are loaded again once it is restored.
    }
  }

  async function older() {
    if (!cursor || loadingOlder) return
    loadingOlder = true
    olderError = null
    const before = page.data
    try {
      const answer = await call('search_logs', { ...search(), range: range.request(), limit: PAGE, cursor })
      if (before !== page.data) return
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
    get pending() {
      return pending.length
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
    /** Records if the newest line is visible; new lines are pending while it is not. */
    scrolled(top: boolean) {
      const back = top && !atTop
      atTop = top
      if (back && !isLineOpen && pending.length) this.release()
    },
    /** Records if a line is open; new lines must not move it. */
    read(open: boolean) {
      const done = isLineOpen && !open
      isLineOpen = open
      if (done && atTop && pending.length) this.release()
    },
    /** Shows the pending lines. */
    release() {
      // Lines are missing between the shown and the pending ones.
      if (hasGap) return page.reload()
      const waiting = pending
      pending = []
      atTop = true
      show(waiting)
    },
  }
}

export type LogFeed = ReturnType<typeof useLogFeed>
