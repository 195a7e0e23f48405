import type { HealthState, ListenerStatus, ComponentStatus } from '@/backend'
import { formatCount } from '@/format'

/** The status of a source: a state with a short text. */
export interface SourceStatus {
  state: HealthState
  words: string
}

/** Returns the status of a source from its components. */
export function statusOfComponents(parts: readonly Pick<ComponentStatus, 'state'>[]): SourceStatus {
  const failing = parts.filter(({ state }) => state === 'unhealthy').length
  const working = parts.filter(({ state }) => state === 'healthy' || state === 'degraded').length
  if (failing && working) return { state: 'degraded', words: `${working} working, ${failing} failing` }
  if (failing) return { state: 'unhealthy', words: `${failing} failing` }
  if (working) return { state: 'healthy', words: `${working} working` }
  return { state: 'unknown', words: parts.length ? 'starting' : 'none yet' }
}

/** Returns the enabled listeners that do not listen. */
export const notListening = (listeners: readonly ListenerStatus[]): ListenerStatus[] =>
  listeners.filter(({ address, state }) => address !== '' && (state === 'unhealthy' || state === 'degraded'))

/** Returns the status of a source from its listeners, with received counts by `kinds`. */
export function statusOfListeners(
  listeners: readonly ListenerStatus[],
  kinds: Partial<Record<'samples' | 'logs' | 'spans', string>>,
): SourceStatus {
  const counts = Object.entries(kinds).map(([kind, word]) => {
    const sum = listeners.reduce((total, { received }) => total + received[kind as keyof typeof kinds], 0)
    return { sum, words: `${formatCount(sum)} ${word}` }
  })
  const rejected = listeners.reduce((total, listener) => total + listener.rejected_records, 0)
  const dropped = rejected ? [`${formatCount(rejected)} dropped`] : []
  if (dropped.length || counts.some(({ sum }) => sum > 0))
    return { state: 'healthy', words: [...counts.map(({ words }) => words), ...dropped].join(', ') }
  if (notListening(listeners).length) return { state: 'unhealthy', words: 'not listening' }
  return { state: 'unknown', words: listeners.some(({ address }) => address) ? 'waiting for data' : 'off' }
}
