/** The line that an error of the settings file names; null if it names none. */
export function errorLine(message: string): number | null {
  const found = /\bline (\d+)/i.exec(message) ?? /:(\d+):\d+/.exec(message)
  return found ? Number(found[1]) : null
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
