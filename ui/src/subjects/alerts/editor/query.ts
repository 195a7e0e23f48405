import type { Aggregation, AlertRule, RuleSource } from '@/backend'
import { formatSeconds, parseSeconds } from '@/format/duration'
import { inQuotes, Scanner } from '@/query/scanner'
import { AGGREGATIONS, COMPARATORS } from './rule'

const SIGNS = { equal: '=', not_equal: '!=', regex: '=~', not_regex: '!~' }
const NO_THRESHOLD = '…'

const compact = (seconds: number) =>
  formatSeconds(seconds)
    .replace(/\s*min/, 'm')
    .replaceAll(' ', '')

/** Writes a rule as a PromQL-like text, which `readQuery` reads. */
export function ruleQuery(rule: AlertRule): string {
  const sign = COMPARATORS.find(({ value }) => value === rule.comparator)?.sign ?? '>'
  const threshold = Number.isFinite(rule.threshold) ? rule.threshold : NO_THRESHOLD
  const end = ` ${sign} ${threshold}${rule.for_seconds ? ` for ${compact(rule.for_seconds)}` : ''}`
  const { source } = rule
  if (source.type === 'check') return `check_state(${source.check_id ? inQuotes(source.check_id) : ''})${end}`
  const window = compact(source.window_seconds)
  if (source.type === 'logs')
    return `count${source.by_service ? ' by (service)' : ''} (${inQuotes(source.query)}[${window}])${end}`
  const selector = source.matchers
    .map(({ key, operator, value }) => `${key}${SIGNS[operator]}${inQuotes(value)}`)
    .join(', ')
  const by = source.group_by.length ? ` by (${source.group_by.join(', ')})` : ''
  return `${source.aggregation}${by} (${source.metric || NO_THRESHOLD}${selector ? `{${selector}}` : ''}[${window}])${end}`
}

function readSource(scanner: Scanner): RuleSource {
  const start = scanner.at
  const first = scanner.name('an aggregation, “count” or “check_state”')
  if (first === 'check_state') {
    scanner.take('(')
    const check_id = scanner.has('"') ? scanner.quoted() : null
    scanner.take(')')
    return { type: 'check', check_id }
  }
  const by = scanner.has('by')
  if (by) scanner.take('by')
  const group_by = by ? scanner.names() : []
  scanner.take('(')
  const window = () => {
    scanner.take('[', '“[” and a window, such as [5m]')
    const at = scanner.at
    const seconds = parseSeconds(scanner.until(']'))
    if (!seconds) scanner.fail('a duration such as 5m', at)
    scanner.take(')')
    return seconds
  }
  if (first === 'count' && scanner.has('"')) {
    if (by && group_by.join() !== 'service') scanner.fail('log lines are counted by service only', start)
    return { type: 'logs', query: scanner.quoted(), by_service: by, window_seconds: window() }
  }
  const aggregation: Aggregation =
    AGGREGATIONS.find(({ value }) => value === first)?.value ??
    scanner.fail(`one of ${AGGREGATIONS.map(({ value }) => value).join(', ')}`, start)
  const metric = scanner.name('the name of a metric')
  const matchers = scanner.matchers()
  return {
    type: 'metric',
    metric: metric === NO_THRESHOLD ? '' : metric,
    matchers,
    aggregation,
    group_by,
    window_seconds: window(),
  }
}

/** Returns the rule with the fields of the text; throws `ExpressionError`. */
export function readQuery(text: string, rule: AlertRule): AlertRule {
  const scanner = new Scanner(text)
  const source = readSource(scanner)
  const signs = COMPARATORS.map(({ sign }) => sign).sort((one, other) => other.length - one.length)
  const sign = scanner.oneOf(signs, 'one of >, >=, < and <=')
  const comparator = COMPARATORS.find((one) => one.sign === sign)?.value ?? rule.comparator
  scanner.space()
  const at = scanner.at
  const number = scanner.name('a number')
  const threshold = number === NO_THRESHOLD ? Number.NaN : Number(number)
  if (Number.isNaN(threshold) && number !== NO_THRESHOLD) scanner.fail('a number', at)
  let for_seconds = 0
  if (scanner.has('for')) {
    scanner.take('for')
    scanner.space()
    const position = scanner.at
    for_seconds = parseSeconds(scanner.rest()) ?? scanner.fail('a duration such as 2m', position)
  }
  scanner.end('“for” or the end')
  const same = threshold === rule.threshold && comparator === rule.comparator
  return {
    ...rule,
    source,
    comparator,
    threshold,
    for_seconds,
    resolve_threshold: same ? rule.resolve_threshold : null,
  }
}
