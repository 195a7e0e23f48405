import type { CheckKind, HealthCheck } from '@/backend'

export const KINDS = [
  { value: 'http', label: 'Web address' },
  { value: 'tcp', label: 'TCP port' },
  { value: 'postgres', label: 'PostgreSQL' },
  { value: 'redis', label: 'Redis' },
] as const

export type KindName = CheckKind['type']

/** Returns the empty fields of a kind. */
export function emptyKind(kind: KindName): CheckKind {
  switch (kind) {
    case 'http':
      return { type: 'http', url: '', method: 'GET', expected_status: [], body_contains: null, certificate_days: null }
    case 'tcp':
      return { type: 'tcp', host: '127.0.0.1', port: 0 }
    case 'postgres':
      return {
        type: 'postgres',
        host: '127.0.0.1',
        port: 5432,
        database: 'postgres',
        user: 'postgres',
        query: 'SELECT 1',
        tls: false,
      }
    case 'redis':
      return { type: 'redis', host: '127.0.0.1', port: 6379, database: 0, user: null, tls: false }
  }
}

/** Returns an unsaved check. */
export const newCheck = (kind: KindName): HealthCheck => ({
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

/** Suggests a name for a check. */
export function suggestedName(kind: CheckKind): string {
  if (kind.type === 'http') {
    try {
      const { host, pathname } = new URL(kind.url)
      return `${host}${pathname === '/' ? '' : pathname}`
    } catch {
      return ''
    }
  }
  if (kind.type === 'postgres') return kind.database ? `${kind.database} on ${kind.host}` : ''
  if (kind.type === 'redis') return `redis on ${kind.host}`
  return kind.port ? `${kind.host}:${kind.port}` : ''
}

/** Returns the faults of a check, by field. */
export function faults(check: HealthCheck): Partial<Record<string, string>> {
  const found: Partial<Record<string, string>> = {}
  const { kind } = check
  if (kind.type === 'http') {
    if (!/^https?:\/\/[^\s/]+/.test(kind.url)) found.url = 'Enter an address that begins with http:// or https://'
    else if (kind.certificate_days !== null && !kind.url.startsWith('https:'))
      found.certificate = 'Only an https:// address has a certificate'
  } else {
    if (!kind.host.trim()) found.host = 'Enter a host name or address'
    if (!(kind.port >= 1 && kind.port <= 65535)) found.port = 'Enter a port from 1 to 65535'
  }
  if (kind.type === 'postgres') {
    if (!kind.database.trim()) found.database = 'Enter a database'
    if (!kind.user.trim()) found.user = 'Enter a user'
  }
  if (!check.name.trim()) found.name = 'Enter a name'
  if (check.interval_seconds < 1) found.interval = 'At least 1 s'
  if (check.timeout_seconds < 1) found.timeout = 'At least 1 s'
  return found
}

/** Parses a whole number from 0; null if it is none. */
export const wholeNumber = (text: string): number | null => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : null)

/** Parses HTTP status codes separated by commas or spaces; null if one is invalid. */
export function statusCodes(text: string): number[] | null {
  const codes = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number)
  return codes.every((code) => Number.isInteger(code) && code >= 100 && code <= 599) ? codes : null
}

/** Returns the remaining validity of a certificate: with tenths of a day below ten days. */
export const daysText = (days: number): string =>
  days < 0 ? 'expired' : `${days < 10 ? days.toFixed(1) : Math.floor(days)} d left`
