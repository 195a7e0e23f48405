import type { Aggregation, MetricKind, TagMatcher } from '../backend'
import { formatMatcher } from '../shared/filters.svelte'

/** What a chart of a metric shows, apart from its time range. */
export interface MetricQuestion {
  metric: string
  aggregation: Aggregation
  matchers: TagMatcher[]
  groupBy: string[]
}

/** A query text that could not be read: where (the first character is 0) and what was expected. */
export class ExpressionError extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.name = 'ExpressionError'
    this.at = at
  }
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

/** The aggregations that mean something for a kind of metric. */
export const aggregationsFor = (kind: MetricKind | undefined): Aggregation[] => (kind ? FOR_KIND[kind] : NAMES)

/** Writes a question as text: `p95(http.server.duration{service="checkout"}) by (route)`. */
export function writeExpression({ metric, aggregation, matchers, groupBy }: MetricQuestion): string {
  const conditions = matchers.map((matcher) => {
    const sign = formatMatcher({ ...matcher, value: '' }).slice(matcher.key.length)
    return `${matcher.key}${sign}"${matcher.value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  })
  const where = conditions.length ? `{${conditions.join(', ')}}` : ''
  return `${aggregation}(${metric}${where})${groupBy.length ? ` by (${groupBy.join(', ')})` : ''}`
}

const NAME = /[^\s{}(),="!~]+/y
const OPERATORS = { '!=': 'not_equal', '=~': 'regex', '!~': 'not_regex', '=': 'equal' } as const

/** Reads what `writeExpression` writes; throws `ExpressionError`. */
export function readExpression(text: string): MetricQuestion {
  let at = 0
  const space = () => {
    while (/\s/.test(text[at] ?? '')) at += 1
  }
  const fail = (what: string): never => {
    throw new ExpressionError(at, `expected ${what}`)
  }
  const take = (sign: string, what = `“${sign}”`) => {
    space()
    if (!text.startsWith(sign, at)) fail(what)
    at += sign.length
  }
  const has = (sign: string) => {
    space()
    return text.startsWith(sign, at)
  }
  const name = (what: string): string => {
    space()
    NAME.lastIndex = at
    const found = NAME.exec(text)?.[0] ?? fail(what)
    at += found.length
    return found
  }
  const quoted = (): string => {
    take('"', 'a value in quotes')
    let value = ''
    while (at < text.length && text[at] !== '"') {
      if (text[at] === '\\') at += 1
      value += text[at] ?? ''
      at += 1
    }
    if (text[at] !== '"') fail('the closing quote')
    at += 1
    return value
  }

  const start = at
  const first = name('an aggregation such as average')
  const aggregation = NAMES.find((one) => one === first)
  if (!aggregation) throw new ExpressionError(start, `expected one of ${NAMES.join(', ')}`)
  take('(')
  const metric = name('the name of a metric')
  const matchers: TagMatcher[] = []
  if (has('{')) {
    take('{')
    while (!has('}')) {
      const key = name('a tag or “}”')
      space()
      const sign = (Object.keys(OPERATORS) as (keyof typeof OPERATORS)[]).find((one) => text.startsWith(one, at))
      if (!sign) return fail('=, !=, =~ or !~')
      at += sign.length
      matchers.push({ key, operator: OPERATORS[sign], value: quoted() })
      if (!has('}')) take(',', '“,” or “}”')
    }
    take('}')
  }
  take(')')
  const groupBy: string[] = []
  space()
  if (at < text.length) {
    take('by', '“by” or the end')
    take('(')
    while (!has(')')) {
      groupBy.push(name('a tag or “)”'))
      if (!has(')')) take(',', '“,” or “)”')
    }
    take(')')
    space()
    if (at < text.length) fail('the end')
  }
  return { metric, aggregation, matchers, groupBy }
}
