const SECONDS: Record<string, number> = { s: 1, sec: 1, min: 60, m: 60, h: 3600, d: 86400 }

/** Parses a duration to seconds (`90 s`, `2 min`, `1 h 30 min`, `45`); null if it is none. */
export function parseSeconds(text: string): number | null {
  const parts = [
    ...text
      .trim()
      .toLowerCase()
      .matchAll(/(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*/g),
  ]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim().toLowerCase()) return null
  let total = 0
  for (const [, number, unit] of parts) {
    const name = unit?.replace(/^(second|minute|hour|day)s?$/, (whole) => whole[0] ?? '') || 's'
    const factor = SECONDS[name]
    if (factor === undefined) return null
    total += Number(number?.replace(',', '.')) * factor
  }
  return Math.round(total)
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
