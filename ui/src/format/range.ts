/** A time range in milliseconds since the epoch. */
export interface Range {
  from: number
  to: number
}

const UNITS: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 }

/** Parses `now`, `now-15m` or milliseconds since the epoch; null if it is none of these. */
export function parseTime(text: string, now: number): number | null {
  const relative = /^now(?:-(\d+(?:\.\d+)?)([smhdw]))?$/.exec(text)
  if (relative) return now - Number(relative[1] ?? 0) * (UNITS[relative[2] ?? 's'] ?? 0)
  return /^\d{9,16}$/.test(text) ? Number(text) : null
}

export const PRESETS = [
  { from: 'now-5m', label: 'Last 5 minutes', short: '5 m' },
  { from: 'now-15m', label: 'Last 15 minutes', short: '15 m' },
  { from: 'now-30m', label: 'Last 30 minutes', short: '30 m' },
  { from: 'now-1h', label: 'Last 1 hour', short: '1 h' },
  { from: 'now-3h', label: 'Last 3 hours', short: '3 h' },
  { from: 'now-6h', label: 'Last 6 hours', short: '6 h' },
  { from: 'now-12h', label: 'Last 12 hours', short: '12 h' },
  { from: 'now-24h', label: 'Last 24 hours', short: '24 h' },
  { from: 'now-2d', label: 'Last 2 days', short: '2 d' },
  { from: 'now-7d', label: 'Last 7 days', short: '7 d' },
] as const

export const DEFAULT_FROM = 'now-1h'
