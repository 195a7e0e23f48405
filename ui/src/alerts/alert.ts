import type { Alert, AlertSeverity, HealthState } from '../backend'
import { formatValue } from '../shared/format'

type Labels = Alert['labels']

/** The mark of a severity. */
export const MARK: Record<AlertSeverity, HealthState> = { info: 'unknown', warning: 'degraded', critical: 'unhealthy' }

export const RANK: Record<AlertSeverity, number> = { critical: 0, warning: 1, info: 2 }

/** What tells an alert apart, in words. */
export const where = (labels: Labels): string => Object.values(labels).join(', ')

/** The service an alert is about; none if its labels do not say. */
export const serviceOf = (labels: Labels): string => labels['service'] ?? labels['service.name'] ?? ''

/** The value against the threshold. */
export const against = (alert: Pick<Alert, 'value' | 'threshold' | 'unit'>): string =>
  `${formatValue(alert.value, alert.unit)} against ${formatValue(alert.threshold, alert.unit)}`

/** Since when an alert is what it is, in milliseconds. */
export const since = (alert: Alert): number => (alert.active_since ?? alert.fired_at ?? alert.evaluated_at) / 1e6
