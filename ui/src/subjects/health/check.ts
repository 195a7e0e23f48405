import type { CheckKind, HealthCheck } from '@/backend'

export const KINDS = [
  { value: 'http', label: 'Web address' },
  { value: 'tcp', label: 'TCP port' },
  { value: 'postgres', label: 'PostgreSQL' },
  { value: 'redis', label: 'Redis' },
] as const

export type KindName = CheckKind['type']

/** What a check of a kind looks at before anything was typed. */
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

/** A check that was never saved. */
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

/** A name for a check that has none yet. */
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

/** What is wrong with a check, by field. */
export function faults(check: HealthCheck): Partial<Record<string, string>> {
  const found: Partial<Record<string, string>> = {}
  const { kind } = check
  if (kind.type === 'http') {
    if (!/^https?:\/\/[^\s/]+/.test(kind.url)) found.url = 'An address that begins with http:// or https://'
    else if (kind.certificate_days !== null && !kind.url.startsWith('https:'))
      found.certificate = 'Only an https:// address has a certificate'
  } else {
    if (!kind.host.trim()) found.host = 'A host name or address'
    if (!(kind.port >= 1 && kind.port <= 65535)) found.port = 'A port from 1 to 65535'
  }
  if (kind.type === 'postgres') {
    if (!kind.database.trim()) found.database = 'The database to connect to'
    if (!kind.user.trim()) found.user = 'The user to connect as'
  }
  if (!check.name.trim()) found.name = 'A name, so that alerts can say what fails'
  if (check.interval_seconds < 1) found.interval = 'At least 1 s'
  if (check.timeout_seconds < 1) found.timeout = 'At least 1 s'
  return found
}

/** A whole number from 0 as it was typed; null if it is none. */
export const wholeNumber = (text: string): number | null => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : null)

/** Status codes of HTTP with commas or spaces between; null if one is none. */
export function statusCodes(text: string): number[] | null {
  const codes = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number)
  return codes.every((code) => Number.isInteger(code) && code >= 100 && code <= 599) ? codes : null
}

/** How long a certificate lasts: tenths of a day count near its end. */
export const daysWords = (days: number): string =>
  days < 0 ? 'ended' : `${days < 10 ? days.toFixed(1) : Math.floor(days)} d left`
