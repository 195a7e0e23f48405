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

/** The lines of the list: the first page, older pages on demand, and new lines while live. */
export function useLogFeed(question: () => { query: string; matchers: TagMatcher[] }) {
  let lines = $state.raw<LogLine[]>([])
  let held = $state.raw<LogLine[]>([])
  let cursor = $state<string | null>(null)
  let loadingOlder = $state(false)
  let olderError = $state.raw<BackendError | null>(null)
  let atTop = $state(true)
  /** Whether a line is open to be read. */
  let reading = $state(false)
  /** Whether lines are missing between those shown and those held. */
  let torn = false
  /** Whether the latest change put lines before the others, so that the list keeps its place. */
  let grewAtStart = $state(false)

  const page = useResource((signal) => {
    const asked = { ...question(), range: range.request(), limit: PAGE, cursor: null }
    return call('search_logs', asked, signal).then((answer) => {
      grewAtStart = false
      held = []
      torn = false
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
        if (atTop && !reading) show(newest)
        else held = mergeLines(newest, held)
      })
    })
  })

  // Lines that came while the console was hidden were not sent.
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

  /** Asks for the newest lines; a place in the list that someone reads at is kept. */
  async function catchUp() {
    if ((atTop && !reading) || !lines.length) return page.reload()
    const asked = page.data
    try {
      const answer = await call('search_logs', { ...question(), range: range.request(), limit: PAGE, cursor: null })
      if (asked !== page.data) return
      const newest = lines[0]?.time ?? 0
      const joined = answer.cursor === null || answer.lines.some(({ time }) => time <= newest)
      held = mergeLines(
        answer.lines.filter(({ time, id }) => time >= newest && id !== lines[0]?.id),
        held,
      )
      torn ||= !joined
    } catch {
      // The banner tells that the engine is gone; it is asked again when it comes back.
    }
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
      const back = top && !atTop
      atTop = top
      if (back && !reading && held.length) this.release()
    },
    /** Tells whether a line is open; new lines must not push it away. */
    read(open: boolean) {
      const done = reading && !open
      reading = open
      if (done && atTop && held.length) this.release()
    },
    /** Shows the lines that waited. */
    release() {
      // Lines are missing between those shown and those that wait.
      if (torn) return page.reload()
      const waiting = held
      held = []
      atTop = true
      show(waiting)
    },
  }
}

export type LogFeed = ReturnType<typeof useLogFeed>
