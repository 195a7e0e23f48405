import type { HealthState, ListenerStatus, PartStatus } from '@/backend'
import { formatCount } from '@/format'

/** How a way in is: a state and a few words. */
export interface Standing {
  state: HealthState
  words: string
}

/** How the parts of the engine are that a way in made. */
export function standingOfParts(parts: readonly Pick<PartStatus, 'state'>[]): Standing {
  const failing = parts.filter(({ state }) => state === 'unhealthy').length
  const working = parts.filter(({ state }) => state === 'healthy' || state === 'degraded').length
  if (failing && working) return { state: 'degraded', words: `${working} working, ${failing} failing` }
  if (failing) return { state: 'unhealthy', words: `${failing} failing` }
  if (working) return { state: 'healthy', words: `${working} working` }
  return { state: 'unknown', words: parts.length ? 'starting' : 'none yet' }
}

/** Listeners that are on and cannot listen. */
export const notListening = (listeners: readonly ListenerStatus[]): ListenerStatus[] =>
  listeners.filter(({ address, state }) => address !== '' && (state === 'unhealthy' || state === 'degraded'))

/** How listeners are, and what came in by them, told in `kinds`. */
export function standingOfListeners(
  listeners: readonly ListenerStatus[],
  kinds: Partial<Record<'samples' | 'logs' | 'spans', string>>,
): Standing {
  const counts = Object.entries(kinds).map(([kind, word]) => {
    const sum = listeners.reduce((total, { received }) => total + received[kind as keyof typeof kinds], 0)
    return { sum, words: `${formatCount(sum)} ${word}` }
  })
  const rejected = listeners.reduce((total, listener) => total + listener.rejected, 0)
  const leftOut = rejected ? [`${formatCount(rejected)} left out`] : []
  if (leftOut.length || counts.some(({ sum }) => sum > 0))
    return { state: 'healthy', words: [...counts.map(({ words }) => words), ...leftOut].join(', ') }
  if (notListening(listeners).length) return { state: 'unhealthy', words: 'not listening' }
  return { state: 'unknown', words: listeners.some(({ address }) => address) ? 'waiting for data' : 'off' }
}
