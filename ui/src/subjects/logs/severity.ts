/** The severity ranges of OpenTelemetry in ascending order, with the first number of each. */
export const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type SeverityName = (typeof SEVERITIES)[number]

/** Returns the range of a severity number; `unspecified` for 0 and numbers outside. */
export function severityName(severity: number): SeverityName | 'unspecified' {
  return SEVERITIES[Math.ceil(severity / 4) - 1] ?? 'unspecified'
}

export const severityColour = (name: string): string =>
  (SEVERITIES as readonly string[]).includes(name) ? `var(--severity-${name})` : 'var(--unknown)'

/** Returns the search with a condition on the chosen severities, if there are any. */
export function withSeverities(query: string, chosen: readonly string[]): string {
  if (!chosen.length) return query
  const condition = chosen.map((name) => `severity=${name}`).join(' OR ')
  return query.trim() ? `(${query.trim()}) (${condition})` : condition
}
