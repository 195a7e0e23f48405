/** A syntax error of a search. */
export interface SearchError {
  /** Position of the character; the first is 0. */
  at: number
  message: string
}

/** Parses `search, character 12: expected a value`; null if the message is not about the search. */
export function searchError(message: string | undefined): SearchError | null {
  const found = /^search, character (\d+): (.*)$/s.exec(message ?? '')
  return found ? { at: Number(found[1]) - 1, message: found[2] ?? '' } : null
}

const PLAIN_VALUE = /^[\w./:@-]+$/

/** Quotes a value unless it is one plain word. */
export const quoteValue = (value: string): string =>
  PLAIN_VALUE.test(value) ? value : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

/** Adds a condition to a search, unless it has it. */
export function withCondition(query: string, key: string, value: string, negated = false): string {
  const condition = `${negated ? '-' : ''}${key}=${quoteValue(value)}`
  const typed = query.trim()
  if (typed === condition || typed.endsWith(` ${condition}`) || typed.startsWith(`${condition} `)) return typed
  if (!typed) return condition
  return /\bOR\b/.test(typed) ? `(${typed}) ${condition}` : `${typed} ${condition}`
}
