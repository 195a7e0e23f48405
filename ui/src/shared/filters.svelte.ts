import type { MatchOperator, TagMatcher } from '../backend'
import { route } from './route.svelte'

const SIGNS: [string, MatchOperator][] = [
  ['!=', 'not_equal'],
  ['=~', 'regex'],
  ['!~', 'not_regex'],
  ['=', 'equal'],
]

/** Reads `service=checkout`, `host!=a`, `route=~/api/.*` or `host!~b.*`. */
export function parseMatcher(text: string): TagMatcher | null {
  const found = /^([^=!~]+)(!=|=~|!~|=)(.*)$/s.exec(text)
  const operator = SIGNS.find(([sign]) => sign === found?.[2])?.[1]
  if (!found || !operator || !found[1]?.trim()) return null
  return { key: found[1].trim(), operator, value: found[3] ?? '' }
}

/** Writes what `parseMatcher` reads. */
export const formatMatcher = ({ key, operator, value }: TagMatcher): string =>
  `${key}${SIGNS.find(([, name]) => name === operator)?.[0] ?? '='}${value}`

/** The filters at the top of the console; kept in the address. */
class Filters {
  readonly matchers = $derived.by(() =>
    route
      .all('f')
      .map(parseMatcher)
      .filter((matcher) => matcher !== null),
  )

  add(matcher: TagMatcher): void {
    const text = formatMatcher(matcher)
    if (!route.all('f').includes(text)) route.set({ f: [...route.all('f'), text] })
  }

  remove(matcher: TagMatcher): void {
    const text = formatMatcher(matcher)
    const rest = route.all('f').filter((one) => one !== text)
    route.set({ f: rest.length ? rest : null })
  }

  clear(): void {
    route.set({ f: null })
  }
}

export const filters = new Filters()
