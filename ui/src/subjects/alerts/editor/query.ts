import type { AlertRule } from '@/backend'
import { parseSeconds } from '@/format/duration'
import { compactDuration, PLACEHOLDER } from '@/query/expression'
import { Scanner } from '@/query/scanner'
import { COMPARATORS } from './rule'
import { definitionOf, scanSource } from './sources'

/** Writes a rule as an expression with a condition, which `readQuery` parses. */
export function ruleQuery(rule: AlertRule): string {
  const sign = COMPARATORS.find(({ value }) => value === rule.comparator)?.sign ?? '>'
  const threshold = Number.isFinite(rule.threshold) ? rule.threshold : PLACEHOLDER
  const duration = rule.for_seconds ? ` for ${compactDuration(rule.for_seconds)}` : ''
  return `${definitionOf(rule.source).write(rule.source)} ${sign} ${threshold}${duration}`
}

/** Returns the rule with the fields of the text; throws `ExpressionError`. */
export function readQuery(text: string, rule: AlertRule): AlertRule {
  const scanner = new Scanner(text)
  const source = scanSource(scanner)
  const signs = COMPARATORS.map(({ sign }) => sign).sort((one, other) => other.length - one.length)
  const sign = scanner.oneOf(signs, 'one of >, >=, < and <=')
  const comparator = COMPARATORS.find((one) => one.sign === sign)?.value ?? rule.comparator
  scanner.space()
  const at = scanner.at
  const number = scanner.name('a number')
  const threshold = number === PLACEHOLDER ? Number.NaN : Number(number)
  if (Number.isNaN(threshold) && number !== PLACEHOLDER) scanner.fail('a number', at)
  let for_seconds = 0
  if (scanner.takeWord('for')) {
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
