import type { MatchOperator, TagMatcher } from '@/backend'

const SIGNS: [string, MatchOperator][] = [
  ['!=', 'not_equal'],
  ['=~', 'regex'],
  ['!~', 'not_regex'],
  ['=', 'equal'],
]

/** Parses `service=checkout`, `host!=a`, `route=~/api/.*` or `host!~b.*`; null if it is none. */
export function parseMatcher(text: string): TagMatcher | null {
  const found = /^([^=!~]+)(!=|=~|!~|=)(.*)$/s.exec(text)
  const operator = SIGNS.find(([sign]) => sign === found?.[2])?.[1]
  if (!found || !operator || !found[1]?.trim()) return null
  return { key: found[1].trim(), operator, value: found[3] ?? '' }
}

/** Writes a matcher as `parseMatcher` parses it. */
export const formatMatcher = ({ key, operator, value }: TagMatcher): string =>
  `${key}${SIGNS.find(([, name]) => name === operator)?.[0] ?? '='}${value}`
