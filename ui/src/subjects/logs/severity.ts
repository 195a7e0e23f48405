/** The severity ranges of OpenTelemetry, least first, with the first number of each. */
export const SEVERITIES = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type SeverityName = (typeof SEVERITIES)[number]

/** The range a severity number lies in; `unspecified` for 0 and anything outside. */
export function severityName(severity: number): SeverityName | 'unspecified' {
  return SEVERITIES[Math.ceil(severity / 4) - 1] ?? 'unspecified'
}

export const severityColour = (name: string): string =>
  (SEVERITIES as readonly string[]).includes(name) ? `var(--severity-${name})` : 'var(--unknown)'

/** The search that is asked: what was typed, and one of the chosen severities (all if none is chosen). */
export function withSeverities(query: string, chosen: readonly string[]): string {
  if (!chosen.length) return query
  const condition = chosen.map((name) => `severity=${name}`).join(' OR ')
  return query.trim() ? `(${query.trim()}) (${condition})` : condition
}
