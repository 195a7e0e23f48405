import type { Aggregation, MetricKind } from '@/backend'

/** The label of every aggregation, in the order of menus. */
const LABELS: Record<Aggregation, string> = {
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

/** Every aggregation of samples, with its label. */
export const AGGREGATIONS: readonly { value: Aggregation; label: string }[] = Object.entries(LABELS).map(
  ([value, label]) => ({ value: value as Aggregation, label }),
)

const HISTOGRAM: readonly Aggregation[] = [
  'p50',
  'p90',
  'p95',
  'p99',
  'average',
  'minimum',
  'maximum',
  'rate',
  'increase',
  'sum',
]
/** The aggregations of the kinds of metric that do not have all of them. */
const FOR_KIND: Partial<Record<MetricKind, readonly Aggregation[]>> = {
  counter: ['rate', 'increase', 'last', 'count'],
  histogram: HISTOGRAM,
  exponential_histogram: HISTOGRAM,
}

/** Returns the aggregation of that name; undefined if there is none. */
export const parseAggregation = (name: string): Aggregation | undefined =>
  AGGREGATIONS.find(({ value }) => value === name)?.value

/** Returns the label of an aggregation. */
export const aggregationLabel = (aggregation: Aggregation): string => LABELS[aggregation]

/** Returns the aggregations that fit a kind of metric; all of them for an unknown kind. */
export function aggregationsFor(kind: MetricKind | undefined): typeof AGGREGATIONS {
  const allowed = kind && FOR_KIND[kind]
  return allowed ? allowed.map((value) => ({ value, label: aggregationLabel(value) })) : AGGREGATIONS
}
