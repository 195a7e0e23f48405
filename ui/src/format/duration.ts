const NANOSECONDS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  sec: 1e9,
  min: 60e9,
  m: 60e9,
  h: 3600e9,
  d: 86_400e9,
}

/**
 * Parses a duration to nanoseconds: `250ms`, `1.5 s`, `1 h 30 min`. A number without a unit has the
 * unit `bare`. Null if the text is no duration.
 */
export function parseDuration(text: string, bare: 'ms' | 's'): number | null {
  const typed = text.trim().toLowerCase()
  const parts = [...typed.matchAll(/(\d+(?:[.,]\d+)?)\s*([a-zµ]*)\s*/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== typed) return null
  let total = 0
  for (const [, number, unit] of parts) {
    const name = unit?.replace(/^(second|minute|hour|day)s?$/, (whole) => whole[0] ?? '') || bare
    const factor = NANOSECONDS[name]
    if (factor === undefined) return null
    total += Number(number?.replace(',', '.')) * factor
  }
  return Math.round(total)
}

/** Parses a duration to whole seconds; null if it is none or between zero and one second. */
export function parseSeconds(text: string): number | null {
  const nanoseconds = parseDuration(text, 's')
  if (nanoseconds === null || (nanoseconds > 0 && nanoseconds < 1e9)) return null
  return Math.round(nanoseconds / 1e9)
}

/** Writes seconds as an exact duration: `2 min`, `90 s`, `1 h 30 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120 && seconds % 60 !== 0) return `${seconds} s`
  const days = Math.floor(seconds / 86400)
  const hours = Math.floor((seconds % 86400) / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const rest = seconds % 60
  const parts = [days && `${days} d`, hours && `${hours} h`, minutes && `${minutes} min`, rest && `${rest} s`]
  return parts.filter(Boolean).join(' ') || '0 s'
}
