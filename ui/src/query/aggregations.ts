import type { Aggregation, MetricKind } from '@/backend'

/** Every aggregation of samples, with its label, in the order of menus. */
export const AGGREGATIONS: readonly { value: Aggregation; label: string }[] = [
  { value: 'average', label: 'average' },
  { value: 'sum', label: 'sum' },
  { value: 'minimum', label: 'minimum' },
  { value: 'maximum', label: 'maximum' },
  { value: 'last', label: 'last' },
  { value: 'count', label: 'number of samples' },
  { value: 'rate', label: 'rate per second' },
  { value: 'increase', label: 'increase' },
  { value: 'p50', label: 'median (p50)' },
  { value: 'p90', label: 'p90' },
  { value: 'p95', label: 'p95' },
  { value: 'p99', label: 'p99' },
]

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
export const aggregationLabel = (aggregation: Aggregation): string =>
  AGGREGATIONS.find(({ value }) => value === aggregation)?.label ?? aggregation

/** Returns the aggregations that fit a kind of metric; all of them for an unknown kind. */
export function aggregationsFor(kind: MetricKind | undefined): typeof AGGREGATIONS {
  const allowed = kind && FOR_KIND[kind]
  return allowed ? allowed.map((value) => ({ value, label: aggregationLabel(value) })) : AGGREGATIONS
}
