import type { AlertRule, Comparator, PreviewStretch, SeriesPoints } from '@/backend'
import { formatSpan } from '@/format'

export function holds(comparator: Comparator, value: number, threshold: number): boolean {
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

/** What a rule does to values that are known already. */
export interface Simulation {
  stretches: PreviewStretch[]
  notifications: number
}

/**
 * Runs a rule over the values of a preview, so that the answer moves with the hand while the threshold is
 * dragged; the engine's own answer replaces it. Times and `step` in nanoseconds. Missing data keep the state.
 */
export function simulate(rule: AlertRule, series: readonly SeriesPoints[], step: number): Simulation {
  const stretches: PreviewStretch[] = []
  let notifications = 0
  for (const { labels, times, values } of series) {
    let since: number | null = null
    let firing: number | null = null
    const close = (end: number) => {
      if (since === null) return
      const pendingEnd = firing ?? end
      if (pendingEnd > since) stretches.push({ range: { start: since, end: pendingEnd }, state: 'pending', labels })
      if (firing !== null) stretches.push({ range: { start: firing, end }, state: 'firing', labels })
      since = firing = null
    }
    times.forEach((time, index) => {
      const value = values[index] ?? Number.NaN
      const bar = firing !== null && rule.resolve_threshold !== null ? rule.resolve_threshold : rule.threshold
      if (!holds(rule.comparator, value, bar)) return close(time)
      since ??= time
      if (firing === null && time - since >= rule.hold_seconds * 1e9) {
        firing = time
        notifications += 1
      }
    })
    close((times.at(-1) ?? 0) + step)
  }
  return { stretches, notifications }
}

/** How long stretches of one state last together, in nanoseconds. */
export const lasting = (stretches: readonly PreviewStretch[], state: 'pending' | 'firing'): number =>
  stretches.filter((one) => one.state === state).reduce((sum, { range }) => sum + range.end - range.start, 0)

/** What a preview could not see because its steps, in seconds, had to be longer than the rule's; empty if they were not. */
export function coarseWords(rule: AlertRule, step: number, stretch: string): string {
  if (step <= rule.interval_seconds) return ''
  const every = formatSpan(step * 1000)
  const window = rule.watch.type === 'check' ? Infinity : rule.watch.window_seconds
  const widened = window < step ? `, over ${every} instead of ${formatSpan(window * 1000)}` : ''
  return (
    `Over ${stretch} the rule is tried every ${every} here${widened}; once saved, it looks every ` +
    `${formatSpan(rule.interval_seconds * 1000)} and may also fire on what is shorter.`
  )
}
