import type { Alert, AlertRule, AlertSeverity, HealthState, Notification } from '@/backend'
import { shownUnit } from '@/query/series'
import { formatValue } from '@/format'

type Labels = Alert['labels']

/** The mark of a severity. */
export const MARK: Record<AlertSeverity, HealthState> = { info: 'unknown', warning: 'degraded', critical: 'unhealthy' }

export const RANK: Record<AlertSeverity, number> = { critical: 0, warning: 1, info: 2 }

/** What tells an alert apart, in words; a check by its name and its service. */
export function where(labels: Labels): string {
  const { check, service } = labels
  if (!check) return Object.values(labels).join(', ')
  return service && service !== check ? `${check} (${service})` : check
}

/** The service an alert is about; none if its labels do not say. */
export const serviceOf = (labels: Labels): string => labels['service'] ?? labels['service.name'] ?? ''

const CHECK_STATES = ['healthy', 'degraded', 'unhealthy']

/** The value against the threshold; for a check what it is. The rule says what the value is of. */
function against(alert: Pick<Alert, 'value' | 'threshold' | 'unit'>, rule: AlertRule | undefined): string {
  if (rule?.watch.type === 'check')
    return alert.value === null ? 'has no data' : `is ${CHECK_STATES[Math.round(alert.value)] ?? 'unknown'}`
  const unit = rule?.watch.type === 'metric' ? shownUnit(rule.watch.metric, alert.unit) : alert.unit
  const what = rule?.watch.type === 'logs' ? ' lines' : ''
  return `${formatValue(alert.value, unit)}${what} against ${formatValue(alert.threshold, unit)}`
}

/** What an alert says as a person would: `mail relay (mailer) is unhealthy`, `checkout: 2.4 s against 1 s`. */
export function told(
  alert: Pick<Alert, 'labels' | 'value' | 'threshold' | 'unit'>,
  rule: AlertRule | undefined,
): { subject: string; words: string } {
  const [subject, words] = [where(alert.labels), against(alert, rule)]
  const colon = subject && rule?.watch.type !== 'check' ? ':' : ''
  return { subject: `${subject}${colon}`, words }
}

/** `told` as one text. */
export function sentence(...[alert, rule]: Parameters<typeof told>): string {
  const { subject, words } = told(alert, rule)
  return [subject, words].filter(Boolean).join(' ')
}

const OUTCOMES = { delivered: 'healthy', silenced: 'unknown', failed: 'unhealthy' } as const

/** What became of a notification: it reached the desktop only if the settings want it there. */
export function delivery({ outcome, channel }: Pick<Notification, 'outcome' | 'channel'>): {
  state: HealthState
  words: string
} {
  if (outcome.type === 'delivered' && channel === 'record only') return { state: 'unknown', words: 'recorded only' }
  const words = outcome.type === 'failed' ? `failed: ${outcome.reason}` : outcome.type
  return { state: OUTCOMES[outcome.type], words }
}

/** What became of a test, as a sentence. */
export function testOutcome(notification: Pick<Notification, 'outcome' | 'channel'>): {
  state: HealthState
  words: string
} {
  const { outcome, channel } = notification
  if (outcome.type === 'failed') return { state: 'unhealthy', words: `It could not be delivered: ${outcome.reason}` }
  if (outcome.type === 'silenced') return { state: 'degraded', words: 'It was held back: notifications are muted' }
  return channel === 'record only'
    ? { state: 'degraded', words: 'It was only recorded: the settings show no notifications on the desktop' }
    : { state: 'healthy', words: 'A test notification was sent to the desktop' }
}

/** Since when an alert is what it is, in milliseconds. */
export const since = (alert: Alert): number => (alert.active_since ?? alert.fired_at ?? alert.evaluated_at) / 1e6
