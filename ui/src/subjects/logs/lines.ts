import type { LogLine } from '@/backend'

/** Maximum number of lines in a tail. */
const MAX_LINES = 5000

/**
 * Merges `newer` and `older` (both newest first) in order of time, each record once, at most `max`.
 */
export function mergeLines(newer: readonly LogLine[], older: readonly LogLine[], max = MAX_LINES): LogLine[] {
  const seen = new Set<string>()
  const merged: LogLine[] = []
  for (const line of [...newer, ...older]) {
    if (seen.has(line.id)) continue
    seen.add(line.id)
    merged.push(line)
  }
  merged.sort((a, b) => b.time - a.time)
  return merged.slice(0, max)
}

/** Writes a record as JSON for the clipboard. */
export function lineJson(line: LogLine): string {
  return JSON.stringify({ ...line, time: new Date(line.time / 1e6).toISOString() }, null, 2)
}
