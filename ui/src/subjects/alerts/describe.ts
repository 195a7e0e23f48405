import type { Alert, AlertRule } from '@/backend'
import { labelText } from '@/domain/alert'
import { shownUnit } from '@/query/series'
import { definitionOf } from './editor/sources'
import { describeValue, type AlertValue } from './editor/sources/definition'

/** Returns the unit of an alert's values; `unit` is the unit of the stored data. */
export const alertUnit = (rule: AlertRule | undefined, unit: string): string =>
  rule ? shownUnit(definitionOf(rule.source).metric(rule.source), unit) : unit

/** Describes an alert: `mail relay (mailer) is unhealthy`, `checkout: p95 2.4 s, threshold 1 s`. */
export function describeAlert(
  { labels, value, threshold, unit }: Pick<Alert, 'labels' | 'value' | 'threshold' | 'unit'>,
  rule: AlertRule | undefined,
): { subject: string; words: string } {
  const shown: AlertValue = { value, threshold, unit: alertUnit(rule, unit) }
  const definition = rule && definitionOf(rule.source)
  const subject = labelText(labels)
  return {
    subject: subject && !definition?.sentence ? `${subject}:` : subject,
    words: definition ? definition.describe(rule.source, shown) : describeValue(shown),
  }
}

/** Returns the description of an alert as one text. */
export function alertText(...[alert, rule]: Parameters<typeof describeAlert>): string {
  const { subject, words } = describeAlert(alert, rule)
  return [subject, words].filter(Boolean).join(' ')
}
