import type { AlertRule, Comparator, RuleSource } from '@/backend'
import { definitionOf } from './sources'
import type { SourceFaults } from './sources/definition'

/** Length in characters above which a suggested name is cut. */
const MAX_NAME_LENGTH = 80

export const COMPARATORS: { value: Comparator; label: string; sign: string }[] = [
  { value: 'above', label: 'above', sign: '>' },
  { value: 'at_least', label: 'at least', sign: '>=' },
  { value: 'below', label: 'below', sign: '<' },
  { value: 'at_most', label: 'at most', sign: '<=' },
]

/** Returns an unsaved rule; `when` and `threshold` are from the address and may be empty. */
export function newRule(source: RuleSource, when = '', threshold = ''): AlertRule {
  const { condition } = definitionOf(source)
  return {
    id: '',
    name: '',
    enabled: true,
    severity: 'warning',
    source,
    comparator: COMPARATORS.find(({ value }) => value === when)?.value ?? condition.comparator,
    threshold: threshold ? Number(threshold) : condition.threshold,
    resolve_threshold: null,
    for_seconds: condition.for_seconds,
    interval_seconds: 15,
    no_data: 'keep_state',
    notify: true,
  }
}

/** Returns the rule with a new source of another kind and its condition. */
export function withSource(rule: AlertRule, type: RuleSource['type']): AlertRule {
  const { condition, create } = definitionOf({ type })
  return { ...rule, source: create(), ...condition, resolve_threshold: null }
}

/** Suggests a short name. `target` is the name of the record that the source refers to. */
export function suggestedName(rule: AlertRule, threshold: string, target: string): string {
  const comparison = COMPARATORS.find(({ value }) => value === rule.comparator)?.label ?? ''
  const condition = { words: `${comparison} ${threshold}`, threshold: rule.threshold, target }
  return definitionOf(rule.source).suggestName(rule.source, condition).slice(0, MAX_NAME_LENGTH)
}

/** Returns the faults of a rule, by field. */
export function faults(rule: AlertRule): SourceFaults & Partial<Record<'name' | 'threshold' | 'resolve', string>> {
  const found: ReturnType<typeof faults> = {}
  if (!rule.name.trim()) found.name = 'Enter a name'
  Object.assign(found, definitionOf(rule.source).faults(rule.source))
  if (!Number.isFinite(rule.threshold)) found.threshold = 'Enter a threshold, such as 800 ms, or use the suggested one'
  const upward = rule.comparator === 'above' || rule.comparator === 'at_least'
  const { resolve_threshold: resolve, threshold } = rule
  if (resolve !== null && (upward ? resolve > threshold : resolve < threshold))
    found.resolve = `Must not be ${upward ? 'above' : 'below'} the threshold`
  return found
}

/** The name of a rule in its preview until it has one. */
export const UNNAMED = 'This rule'
