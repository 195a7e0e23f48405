import type { Aggregation, AlertRule, Comparator, MetricSummary, TagMatcher, RuleSource } from '@/backend'

/** Length in characters above which a suggested name is cut. */
const MAX_NAME_LENGTH = 80

export const COMPARATORS: { value: Comparator; label: string; sign: string }[] = [
  { value: 'above', label: 'above', sign: '>' },
  { value: 'at_least', label: 'at least', sign: '>=' },
  { value: 'below', label: 'below', sign: '<' },
  { value: 'at_most', label: 'at most', sign: '<=' },
]

export const AGGREGATIONS: { value: Aggregation; label: string }[] = [
  { value: 'average', label: 'average' },
  { value: 'sum', label: 'sum' },
  { value: 'minimum', label: 'smallest' },
  { value: 'maximum', label: 'largest' },
  { value: 'last', label: 'latest' },
  { value: 'count', label: 'number of samples' },
  { value: 'rate', label: 'rate per second' },
  { value: 'increase', label: 'increase' },
  { value: 'p50', label: 'median' },
  { value: 'p90', label: 'p90' },
  { value: 'p95', label: 'p95' },
  { value: 'p99', label: 'p99' },
]

/** Returns the aggregations that fit a metric, in their usual order. */
export function aggregationsFor(metric: MetricSummary | undefined): typeof AGGREGATIONS {
  const allowed: Partial<Record<MetricSummary['kind'], Aggregation[]>> = {
    counter: ['rate', 'increase', 'last'],
    histogram: ['p50', 'p90', 'p95', 'p99', 'average', 'maximum', 'rate', 'increase'],
    exponential_histogram: ['p50', 'p90', 'p95', 'p99', 'average', 'maximum', 'rate', 'increase'],
  }
  const list = metric && allowed[metric.kind]
  return list ? AGGREGATIONS.filter(({ value }) => list.includes(value)) : AGGREGATIONS
}

/**
 * Reads the source of a new rule from the address: `metric` (with `aggregation`, `by`, `where`),
 * `check` or `log`.
 */
export function sourceFrom(
  param: (name: string) => string,
  all: (name: string) => string[],
  parse: (text: string) => TagMatcher | null,
): RuleSource {
  if (param('check')) return { type: 'check', check_id: param('check') === 'all' ? null : param('check') }
  if (param('log')) return { type: 'logs', query: param('log'), by_service: false, window_seconds: 300 }
  const aggregation =
    AGGREGATIONS.find(({ value }) => value === (param('agg') || param('aggregation')))?.value ?? 'average'
  const matchers = [...all('where'), ...all('f')].map(parse).filter((one) => one !== null)
  if (param('service')) matchers.push({ key: 'service', operator: 'equal', value: param('service') })
  return {
    type: 'metric',
    metric: param('metric'),
    matchers,
    aggregation,
    group_by: all('by')
      .flatMap((text) => text.split(','))
      .filter(Boolean),
    window_seconds: 300,
  }
}

/** Returns an unsaved rule; `when` and `threshold` are from the address and may be empty. */
export function newRule(source: RuleSource, when = '', threshold = ''): AlertRule {
  const comparator = COMPARATORS.find(({ value }) => value === when)?.value
  return {
    id: '',
    name: '',
    enabled: true,
    severity: 'warning',
    source,
    comparator: comparator ?? (source.type === 'metric' ? 'above' : 'at_least'),
    threshold: threshold ? Number(threshold) : source.type === 'check' ? 2 : source.type === 'logs' ? 1 : Number.NaN,
    resolve_threshold: null,
    for_seconds: source.type === 'metric' ? 120 : 0,
    interval_seconds: 15,
    no_data: 'keep_state',
    notify: true,
  }
}

const CHECK_STATES = ['healthy', 'degraded', 'unhealthy']

/** Suggests a short name: aggregation, metric, comparison and threshold. */
export function suggestedName(rule: AlertRule, threshold: string, checkName: string): string {
  const { source } = rule
  if (source.type === 'check')
    return `${checkName || 'Any check'} is ${CHECK_STATES[Math.round(rule.threshold)] ?? 'unhealthy'}`
  if (source.type === 'logs') return `Log: ${source.query || 'any line'}`.slice(0, MAX_NAME_LENGTH)
  if (!source.metric || Number.isNaN(rule.threshold)) return ''
  const service = source.matchers.find(({ key, operator }) => operator === 'equal' && key.startsWith('service'))?.value
  const aggregation = AGGREGATIONS.find(({ value }) => value === source.aggregation)?.label ?? ''
  const what = `${service ? `${service} ` : ''}${source.aggregation === 'average' ? '' : `${aggregation} of `}${source.metric}`
  return `${what} ${COMPARATORS.find(({ value }) => value === rule.comparator)?.label ?? ''} ${threshold}`.slice(
    0,
    MAX_NAME_LENGTH,
  )
}

/** Returns the faults of a rule, by field. */
export function faults(
  rule: AlertRule,
): Partial<Record<'name' | 'metric' | 'query' | 'threshold' | 'resolve' | 'window', string>> {
  const found: ReturnType<typeof faults> = {}
  if (!rule.name.trim()) found.name = 'Enter a name'
  if (rule.source.type === 'metric' && !rule.source.metric) found.metric = 'Choose a metric'
  if (!Number.isFinite(rule.threshold)) found.threshold = 'Enter a threshold, such as 800 ms, or use the suggested one'
  if (rule.source.type !== 'check' && rule.source.window_seconds < 1) found.window = 'At least 1 s'
  const upward = rule.comparator === 'above' || rule.comparator === 'at_least'
  const { resolve_threshold: resolve, threshold } = rule
  if (resolve !== null && (upward ? resolve > threshold : resolve < threshold))
    found.resolve = `Must not be ${upward ? 'above' : 'below'} the threshold`
  return found
}
