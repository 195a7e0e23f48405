/** The place that an error of the settings file names, counted from 1; null if it names none. */
export function errorPlace(message: string): { line: number; column: number } | null {
  const found = /\bline (\d+)(?:, column (\d+))?/i.exec(message)
  return found ? { line: Number(found[1]), column: Number(found[2] ?? 1) } : null
}

/** A value of the settings by its dotted name. */
export function valueAt(values: unknown, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>(
      (at, part) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined),
      values,
    )
}

/** The one change that makes `after` of `before`; null if they are equal. What stands around it keeps its place. */
export function difference(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) return null
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before[start] === after[start]) start += 1
  let end = 0
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) }
}
