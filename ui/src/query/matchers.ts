import type { MatchOperator, TagMatcher } from '@/backend'

/** The sign of each operator. */
export const OPERATOR_SIGNS: Readonly<Record<MatchOperator, string>> = {
  not_equal: '!=',
  regex: '=~',
  not_regex: '!~',
  equal: '=',
}
const OPERATORS = Object.keys(OPERATOR_SIGNS) as MatchOperator[]
/** The signs of all operators, longer ones before their prefixes. */
export const SIGNS: readonly string[] = Object.values(OPERATOR_SIGNS)

/** Returns the operator with a sign; undefined if there is none. */
export const operatorOf = (sign: string | undefined): MatchOperator | undefined =>
  OPERATORS.find((operator) => OPERATOR_SIGNS[operator] === sign)

/** Parses `service=checkout`, `host!=a`, `route=~/api/.*` or `host!~b.*`; null if it is none. */
export function parseMatcher(text: string): TagMatcher | null {
  const found = /^([^=!~]+)(!=|=~|!~|=)(.*)$/s.exec(text)
  const operator = operatorOf(found?.[2])
  if (!found || !operator || !found[1]?.trim()) return null
  return { key: found[1].trim(), operator, value: found[3] ?? '' }
}

/** Writes a matcher as `parseMatcher` parses it. */
export const formatMatcher = ({ key, operator, value }: TagMatcher): string =>
  `${key}${OPERATOR_SIGNS[operator]}${value}`
