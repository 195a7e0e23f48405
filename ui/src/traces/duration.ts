const UNITS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, min: 60e9, h: 3600e9 }

/** Reads `250ms`, `1.5 s` or `2m` to nanoseconds; a bare number counts milliseconds. Null when it is none. */
export function parseDuration(text: string): number | null {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([a-zµ]*)\s*$/i.exec(text)
  const factor = UNITS[found?.[2]?.toLowerCase() || 'ms']
  return found && factor ? Math.round(Number(found[1]) * factor) : null
}
