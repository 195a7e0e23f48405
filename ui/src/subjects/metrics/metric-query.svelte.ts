import type { Aggregation, TagMatcher } from '@/backend'
import { formatMatcher, parseMatcher } from '@/query/matchers'
import { route } from '@/state/route.svelte'
import { parseAggregation } from '@/query/aggregations'
import type { MetricExpression } from '@/query/expression'

/** The query in the address: `metric`, `agg`, `m` (a condition each) and `by` (a tag each). */
class MetricQuery {
  readonly metric = $derived(route.param('metric'))
  /** Null until chosen; the default of the metric applies. */
  readonly chosenAggregation = $derived(parseAggregation(route.param('agg')) ?? null)
  readonly groupBy = $derived(route.all('by'))
  readonly matchers = $derived(
    route
      .all('m')
      .map(parseMatcher)
      .filter((matcher) => matcher !== null),
  )

  choose(metric: string): void {
    route.set({ metric, agg: null, m: null, by: null })
  }

  set(expression: MetricExpression): void {
    route.set({
      metric: expression.metric,
      agg: expression.aggregation,
      m: expression.matchers.map(formatMatcher),
      by: expression.groupBy,
    })
  }

  aggregate(aggregation: Aggregation): void {
    route.set({ agg: aggregation })
  }

  addMatcher(matcher: TagMatcher): void {
    const text = formatMatcher(matcher)
    if (!route.all('m').includes(text)) route.set({ m: [...route.all('m'), text] })
  }

  removeMatcher(matcher: TagMatcher): void {
    const text = formatMatcher(matcher)
    route.set({ m: route.all('m').filter((one) => one !== text) })
  }

  toggleGroup(key: string): void {
    const groups = this.groupBy.includes(key) ? this.groupBy.filter((one) => one !== key) : [...this.groupBy, key]
    route.set({ by: groups })
  }
}

export const metricQuery = new MetricQuery()
