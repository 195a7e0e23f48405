import type { AlertRule, Comparator, BacktestInterval, SeriesPoints } from '@/backend'
import { formatSpan, numberOf } from '@/format'
import { definitionOf } from './sources'

function holds(comparator: Comparator, value: number, threshold: number): boolean {
  switch (comparator) {
    case 'above':
      return value > threshold
    case 'at_least':
      return value >= threshold
    case 'below':
      return value < threshold
    case 'at_most':
      return value <= threshold
  }
}

/** The result of a rule evaluated over loaded values. */
export interface Simulation {
  intervals: BacktestInterval[]
  notifications: number
}

/**
 * Evaluates a rule over the values of a backtest, so that the result follows the threshold while it
 * is dragged. The engine's result replaces it. Times and `step` are in nanoseconds. Missing data
 * retain the state.
 */
export function simulate(rule: AlertRule, series: readonly SeriesPoints[], step: number): Simulation {
  const intervals: BacktestInterval[] = []
  // Alerts that fire at one time are one notification.
  const notified = new Set<number>()
  for (const { labels, times, values } of series) {
    let since: number | null = null
    let firing: number | null = null
    const close = (end: number) => {
      if (since === null) return
      const pendingEnd = firing ?? end
      if (pendingEnd > since) intervals.push({ range: { start: since, end: pendingEnd }, state: 'pending', labels })
      if (firing !== null) intervals.push({ range: { start: firing, end }, state: 'firing', labels })
      since = firing = null
    }
    times.forEach((time, index) => {
      const value = numberOf(values[index] ?? Number.NaN)
      const bar = firing !== null && rule.resolve_threshold !== null ? rule.resolve_threshold : rule.threshold
      if (!holds(rule.comparator, value, bar)) return close(time)
      since ??= time
      if (firing === null && time - since >= rule.for_seconds * 1e9) {
        firing = time
        notified.add(time)
      }
    })
    close((times.at(-1) ?? 0) + step)
  }
  return { intervals, notifications: notified.size }
}

/** Returns the total length of the intervals of one state, in nanoseconds. */
const totalLength = (intervals: readonly BacktestInterval[], state: 'pending' | 'firing'): number =>
  intervals.filter((one) => one.state === state).reduce((sum, { range }) => sum + range.end - range.start, 0)

/**
 * Returns the total firing time, with its note. An alert that began with the latest evaluation has
 * none yet.
 */
export function firingTime(intervals: readonly BacktestInterval[]): { value: string; note: string } {
  const total = totalLength(intervals, 'firing')
  const began = total === 0 && intervals.some(({ state }) => state === 'firing')
  return began
    ? { value: 'Firing', note: 'since the latest evaluation' }
    : { value: formatSpan(total / 1e6), note: 'total firing time' }
}

/**
 * Returns a note on a backtest whose `step` (seconds) is longer than the rule's interval; empty
 * otherwise. `length` is the length of the backtest in words.
 */
export function coarseNote(rule: AlertRule, step: number, length: string): string {
  if (step <= rule.interval_seconds) return ''
  const every = formatSpan(step * 1000)
  const window = definitionOf(rule.source).window(rule.source)
  const widened = window < step ? `, over ${every} instead of ${formatSpan(window * 1000)}` : ''
  return (
    `Over ${length} the backtest evaluates every ${every}${widened}. The saved rule evaluates every ` +
    `${formatSpan(rule.interval_seconds * 1000)} and can fire on shorter peaks.`
  )
}
