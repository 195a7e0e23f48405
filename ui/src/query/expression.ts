import type { Aggregation, MetricKind, TagMatcher } from '@/backend'
import { formatMatcher } from './matchers'
import { inQuotes, Scanner } from './scanner'

/** A query of a metric without its time range. */
export interface MetricExpression {
  metric: string
  aggregation: Aggregation
  matchers: TagMatcher[]
  groupBy: string[]
}

export const AGGREGATIONS: Record<Aggregation, string> = {
  average: 'average',
  sum: 'sum',
  minimum: 'minimum',
  maximum: 'maximum',
  last: 'last',
  count: 'number of samples',
  rate: 'rate per second',
  increase: 'increase',
  p50: 'median (p50)',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
}

const NAMES = Object.keys(AGGREGATIONS) as Aggregation[]
const FOR_KIND: Record<MetricKind, Aggregation[]> = {
  gauge: ['average', 'sum', 'minimum', 'maximum', 'last', 'p50', 'p90', 'p95', 'p99', 'count'],
  counter: ['rate', 'increase', 'last', 'count'],
  histogram: ['p50', 'p90', 'p95', 'p99', 'average', 'minimum', 'maximum', 'rate', 'increase', 'sum'],
  exponential_histogram: ['p50', 'p90', 'p95', 'p99', 'average', 'minimum', 'maximum', 'rate', 'increase', 'sum'],
  summary: ['p50', 'p90', 'p95', 'p99', 'average', 'rate', 'increase', 'sum'],
}

/** Returns the aggregations that fit a kind of metric. */
export const aggregationsFor = (kind: MetricKind | undefined): Aggregation[] => (kind ? FOR_KIND[kind] : NAMES)

/** Writes an expression: `p95(http.server.duration{service="checkout"}) by (route)`. */
export function writeExpression({ metric, aggregation, matchers, groupBy }: MetricExpression): string {
  const conditions = matchers.map((matcher) => {
    const sign = formatMatcher({ ...matcher, value: '' }).slice(matcher.key.length)
    return `${matcher.key}${sign}${inQuotes(matcher.value)}`
  })
  const where = conditions.length ? `{${conditions.join(', ')}}` : ''
  return `${aggregation}(${metric}${where})${groupBy.length ? ` by (${groupBy.join(', ')})` : ''}`
}

/** Parses the output of `writeExpression`; throws `ExpressionError`. */
export function readExpression(text: string): MetricExpression {
  const scanner = new Scanner(text)
  const first = scanner.name('an aggregation such as average')
  const aggregation = NAMES.find((one) => one === first) ?? scanner.fail(`one of ${NAMES.join(', ')}`, 0)
  scanner.take('(')
  const metric = scanner.name('the name of a metric')
  const matchers = scanner.matchers()
  scanner.take(')')
  scanner.space()
  let groupBy: string[] = []
  if (scanner.has('by')) {
    scanner.take('by')
    groupBy = scanner.names()
    scanner.end()
  } else scanner.end('“by” or the end')
  return { metric, aggregation, matchers, groupBy }
}
