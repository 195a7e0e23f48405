import type { TagMatcher } from '@/backend'
import { formatMatcher, parseMatcher } from '@/query/matchers'
import { route } from './route.svelte'

/** The filters of the top bar, stored in the address. */
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
