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
