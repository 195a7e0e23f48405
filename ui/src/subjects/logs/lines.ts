import type { LogLine } from '@/backend'

/** How many lines a tail keeps. */
export const MOST_LINES = 5000

/** `newer` before `older` (both newest first), each record once, in order of time, at most `most`. */
export function mergeLines(newer: readonly LogLine[], older: readonly LogLine[], most = MOST_LINES): LogLine[] {
  const seen = new Set<string>()
  const merged: LogLine[] = []
  for (const line of [...newer, ...older]) {
    if (seen.has(line.id)) continue
    seen.add(line.id)
    merged.push(line)
  }
  merged.sort((a, b) => b.time - a.time)
  return merged.slice(0, most)
}

/** A record as JSON that people can paste elsewhere. */
export function lineJson(line: LogLine): string {
  return JSON.stringify({ ...line, time: new Date(line.time / 1e6).toISOString() }, null, 2)
}
