import type { Alert, AlertCounts, AlertSeverity, AlertState, HealthState, Notification } from '@/backend'

type Labels = Alert['labels']

/** The mark of a severity. */
export const MARK: Record<AlertSeverity, HealthState> = { info: 'unknown', warning: 'degraded', critical: 'unhealthy' }

/** Returns the mark of a rule or a state change. What fires bears the mark of its severity. */
export const stateMark = (state: AlertState, severity: AlertSeverity): HealthState =>
  state === 'firing' ? MARK[severity] : state === 'pending' ? 'degraded' : 'healthy'

export const RANK: Record<AlertSeverity, number> = { critical: 0, warning: 1, info: 2 }

/** Returns the labels that identify an alert, as text: a check by its name and its service. */
export function labelText(labels: Labels): string {
  const { check, service } = labels
  if (!check) return Object.values(labels).join(', ')
  return service && service !== check ? `${check} (${service})` : check
}

/** Returns the service of an alert; empty if its labels name none. */
export const serviceOf = (labels: Labels): string => labels['service'] ?? labels['service.name'] ?? ''

const OUTCOMES = { delivered: 'healthy', silenced: 'unknown', failed: 'unhealthy' } as const

/**
 * Returns the outcome of a notification. It reaches the desktop only if the settings enable that.
 */
export function delivery({ outcome, channel }: Pick<Notification, 'outcome' | 'channel'>): {
  state: HealthState
  words: string
} {
  if (outcome.type === 'delivered' && channel === 'none') return { state: 'unknown', words: 'not sent' }
  const words = outcome.type === 'failed' ? `failed: ${outcome.reason}` : outcome.type
  return { state: OUTCOMES[outcome.type], words }
}

/** Returns the outcome of a test notification, as a sentence. */
export function testOutcome(notification: Pick<Notification, 'outcome' | 'channel'>): {
  state: HealthState
  words: string
} {
  const { outcome, channel } = notification
  if (outcome.type === 'failed') return { state: 'unhealthy', words: `Test notification failed: ${outcome.reason}` }
  if (outcome.type === 'silenced')
    return { state: 'degraded', words: 'Test notification suppressed: notifications are muted' }
  return channel === 'none'
    ? { state: 'degraded', words: 'Test notification not sent: desktop notifications are off' }
    : { state: 'healthy', words: 'Test notification sent to the desktop' }
}

/** Returns the time since which an alert has its state, in milliseconds. */
export const since = (alert: Alert): number => (alert.active_since ?? alert.fired_at ?? alert.evaluated_at) / 1e6

/** Returns how many firing alerts are new, or how many there are once all are acknowledged. */
export function unseen({ firing, acknowledged }: AlertCounts): { count: number; quiet: boolean; title: string } {
  const fresh = firing - acknowledged
  return {
    count: fresh || firing,
    quiet: fresh === 0,
    title: acknowledged ? `${firing} firing, ${acknowledged} acknowledged` : `${firing} firing`,
  }
}
