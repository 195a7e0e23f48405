import type { Alert, AlertRule, AlertSeverity, HealthState, Notification } from '@/backend'
import { shownUnit } from '@/query/series'
import { formatValue } from '@/format'

type Labels = Alert['labels']

/** The mark of a severity. */
export const MARK: Record<AlertSeverity, HealthState> = { info: 'unknown', warning: 'degraded', critical: 'unhealthy' }

export const RANK: Record<AlertSeverity, number> = { critical: 0, warning: 1, info: 2 }

/** Returns the labels that identify an alert, as text: a check by its name and its service. */
export function labelText(labels: Labels): string {
  const { check, service } = labels
  if (!check) return Object.values(labels).join(', ')
  return service && service !== check ? `${check} (${service})` : check
}

/** Returns the service of an alert; empty if its labels name none. */
export const serviceOf = (labels: Labels): string => labels['service'] ?? labels['service.name'] ?? ''

const CHECK_STATES = ['healthy', 'degraded', 'unhealthy']

/**
 * Returns the value with the threshold; of a check its state. The rule gives the unit and the
 * aggregation.
 */
function valueText(alert: Pick<Alert, 'value' | 'threshold' | 'unit'>, rule: AlertRule | undefined): string {
  if (rule?.source.type === 'check')
    return alert.value === null ? 'has no data' : `is ${CHECK_STATES[Math.round(alert.value)] ?? 'unknown'}`
  const unit = rule?.source.type === 'metric' ? shownUnit(rule.source.metric, alert.unit) : alert.unit
  const counted = rule?.source.type === 'logs' ? ' lines' : ''
  const aggregation = rule?.source.type === 'metric' ? `${rule.source.aggregation} ` : ''
  return `${aggregation}${formatValue(alert.value, unit)}${counted}, threshold ${formatValue(alert.threshold, unit)}`
}

/** Describes an alert: `mail relay (mailer) is unhealthy`, `checkout: p95 2.4 s, threshold 1 s`. */
export function describeAlert(
  alert: Pick<Alert, 'labels' | 'value' | 'threshold' | 'unit'>,
  rule: AlertRule | undefined,
): { subject: string; words: string } {
  const [subject, words] = [labelText(alert.labels), valueText(alert, rule)]
  const colon = subject && rule?.source.type !== 'check' ? ':' : ''
  return { subject: `${subject}${colon}`, words }
}

/** Returns the description of an alert as one text. */
export function alertText(...[alert, rule]: Parameters<typeof describeAlert>): string {
  const { subject, words } = describeAlert(alert, rule)
  return [subject, words].filter(Boolean).join(' ')
}

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
