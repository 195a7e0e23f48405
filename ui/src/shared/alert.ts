import type { Alert, AlertRule, AlertSeverity, HealthState } from '../backend'
import { shownUnit } from './series'
import { formatValue } from './format'

type Labels = Alert['labels']

/** The mark of a severity. */
export const MARK: Record<AlertSeverity, HealthState> = { info: 'unknown', warning: 'degraded', critical: 'unhealthy' }

export const RANK: Record<AlertSeverity, number> = { critical: 0, warning: 1, info: 2 }

/** What tells an alert apart, in words. */
export const where = (labels: Labels): string => Object.values(labels).join(', ')

/** The service an alert is about; none if its labels do not say. */
export const serviceOf = (labels: Labels): string => labels['service'] ?? labels['service.name'] ?? ''

const CHECK_STATES = ['healthy', 'degraded', 'unhealthy']

/** The value against the threshold; for a check its state. The rule says what the value is of. */
export function against(alert: Pick<Alert, 'value' | 'threshold' | 'unit'>, rule: AlertRule | undefined): string {
  if (rule?.watch.type === 'check')
    return alert.value === null ? 'no data' : (CHECK_STATES[Math.round(alert.value)] ?? '')
  const unit = rule?.watch.type === 'metric' ? shownUnit(rule.watch.metric, alert.unit) : alert.unit
  const what = rule?.watch.type === 'logs' ? ' lines' : ''
  return `${formatValue(alert.value, unit)}${what} against ${formatValue(alert.threshold, unit)}`
}

/** Since when an alert is what it is, in milliseconds. */
export const since = (alert: Alert): number => (alert.active_since ?? alert.fired_at ?? alert.evaluated_at) / 1e6
