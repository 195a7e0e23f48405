import type { Aggregation, TagMatcher } from '@/backend'
import { formatSeconds, parseSeconds } from '@/format/duration'
import { AGGREGATIONS, parseAggregation } from './aggregations'
import { OPERATOR_SIGNS } from './matchers'
import { inQuotes, Scanner } from './scanner'

/** An aggregation of a metric, without its time range. */
export interface MetricExpression {
  /** Empty while no metric is chosen. */
  metric: string
  aggregation: Aggregation
  matchers: TagMatcher[]
  groupBy: string[]
}

/** The text of a value that is not chosen yet. */
export const PLACEHOLDER = '…'

/** Writes a duration without spaces: `5m`, `1h30m`. */
export const compactDuration = (seconds: number): string =>
  formatSeconds(seconds)
    .replace(/\s*min/, 'm')
    .replaceAll(' ', '')

/** Writes the labels of groups, with spaces around: ` by (route, host) `; empty without labels. */
export const writeGroups = (labels: readonly string[]): string => (labels.length ? ` by (${labels.join(', ')}) ` : '')

/**
 * Writes an expression in the order of PromQL: `p95 by (route) (latency{service="checkout"}[5m])`.
 * The window in seconds is left out where none is given.
 */
export function writeExpression(expression: MetricExpression, windowSeconds?: number): string {
  const { metric, aggregation, matchers, groupBy } = expression
  const conditions = matchers.map(({ key, operator, value }) => `${key}${OPERATOR_SIGNS[operator]}${inQuotes(value)}`)
  const selector = conditions.length ? `{${conditions.join(', ')}}` : ''
  const window = windowSeconds === undefined ? '' : `[${compactDuration(windowSeconds)}]`
  return `${aggregation}${writeGroups(groupBy)}(${metric || PLACEHOLDER}${selector}${window})`
}

/** Parses the expression of a chart; throws `ExpressionError`. */
export function readExpression(text: string): MetricExpression {
  const scanner = new Scanner(text)
  const start = scanAggregation(scanner)
  const selected = scanSelector(scanner)
  scanner.take(')')
  const groupBy = start.groupBy ?? scanGroups(scanner)
  scanner.end(groupBy ? 'the end' : '“by” or the end')
  return { ...selected, aggregation: start.aggregation, groupBy: groupBy ?? [] }
}

/** Parses an expression with a window at the scanner; throws `ExpressionError`. */
export function scanWindowed(scanner: Scanner): MetricExpression & { windowSeconds: number } {
  const start = scanAggregation(scanner)
  const selected = scanSelector(scanner)
  const windowSeconds = scanWindow(scanner)
  const groupBy = start.groupBy ?? scanGroups(scanner) ?? []
  return { ...selected, aggregation: start.aggregation, groupBy, windowSeconds }
}

/** Parses the window and the closing bracket at the scanner, in seconds. */
export function scanWindow(scanner: Scanner): number {
  scanner.take('[', '“[” and a window such as [5m]')
  const at = scanner.at
  const seconds = parseSeconds(scanner.until(']'))
  if (!seconds) scanner.fail('a duration such as 5m', at)
  scanner.take(')')
  return seconds
}

/** Parses `by (route, host)` at the scanner; null if there is none. */
export function scanGroups(scanner: Scanner): string[] | null {
  if (!scanner.takeWord('by')) return null
  return scanner.names()
}

/** Parses an aggregation, the labels of its groups and the opening bracket. */
function scanAggregation(scanner: Scanner): { aggregation: Aggregation; groupBy: string[] | null } {
  scanner.space()
  const start = scanner.at
  const name = scanner.name('an aggregation such as average')
  const aggregation =
    parseAggregation(name) ?? scanner.fail(`one of ${AGGREGATIONS.map(({ value }) => value).join(', ')}`, start)
  const groupBy = scanGroups(scanner)
  scanner.take('(')
  return { aggregation, groupBy }
}

function scanSelector(scanner: Scanner): Pick<MetricExpression, 'metric' | 'matchers'> {
  const metric = scanner.name('the name of a metric')
  return { metric: metric === PLACEHOLDER ? '' : metric, matchers: scanner.matchers() }
}
