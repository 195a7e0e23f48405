import type { HealthCheck } from '@/backend'
import { emptyKind, kindModule } from './kinds'
import type { Faults } from './kinds/kind'

/** Returns an unsaved check of a kind, of the first kind by default. */
export const newCheck = (kind?: string | null): HealthCheck => ({
  id: '',
  name: '',
  enabled: true,
  kind: emptyKind(kind),
  interval_seconds: 30,
  timeout_seconds: 5,
  retries: 1,
  retry_interval_seconds: 5,
  degraded_above_ms: null,
  service: null,
})

/** Returns the faults of a check, by field. */
export function faults(check: HealthCheck): Faults {
  const found = kindModule(check.kind).faults(check.kind)
  if (!check.name.trim()) found.name = 'Enter a name'
  if (check.interval_seconds < 1) found.interval = 'At least 1 s'
  if (check.timeout_seconds < 1) found.timeout = 'At least 1 s'
  return found
}

/** Returns the remaining validity of a certificate: with tenths of a day below ten days. */
export const daysText = (days: number): string =>
  days < 0 ? 'expired' : `${days < 10 ? days.toFixed(1) : Math.floor(days)} d left`
