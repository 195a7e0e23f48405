/** Parses the position in an error of the settings file, counted from 1; null if there is none. */
export function errorPlace(message: string): { line: number; column: number } | null {
  const found = /\bline (\d+)(?:, column (\d+))?/i.exec(message)
  return found ? { line: Number(found[1]), column: Number(found[2] ?? 1) } : null
}

/** Returns a value of the settings by its dotted name. */
export function valueAt(values: unknown, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>(
      (at, part) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined),
      values,
    )
}

/** Returns the single change from `before` to `after`; null if they are equal. */
export function difference(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null
  const shared = Math.min(before.length, after.length)
  let start = 0
  while (start < shared && before[start] === after[start]) start += 1
  let end = 0
  while (end < shared - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) }
}
