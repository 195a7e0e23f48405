import { expect, it } from 'vitest'
import type { AlertRule, RuleSource } from '@/backend'
import { alertText, alertUnit } from './describe'

const rule = (source: RuleSource) => ({ source }) as AlertRule

it('describes the state of a check', () => {
  const any = rule({ type: 'check', check_id: null })
  const alert = { labels: { check: 'mail relay', kind: 'tcp', service: 'mailer' }, value: 2, threshold: 1, unit: '' }
  expect(alertText(alert, any)).toBe('mail relay (mailer) is unhealthy')
  expect(alertText({ ...alert, value: null }, any)).toBe('mail relay (mailer) has no data')
})

it('describes a value with its labels and threshold', () => {
  const lines = rule({ type: 'logs', query: '', by_service: true, window_seconds: 300 })
  expect(alertText({ labels: { service: 'cart' }, value: 34, threshold: 3, unit: '' }, lines)).toBe(
    'cart: 34 lines, threshold 3',
  )
  expect(alertText({ labels: {}, value: 34, threshold: 3, unit: '' }, lines)).toBe('34 lines, threshold 3')
})

it('describes a value with its aggregation, and without its rule', () => {
  const source: RuleSource = {
    type: 'metric',
    metric: 'system.memory.utilization',
    matchers: [],
    aggregation: 'maximum',
    group_by: [],
    window_seconds: 60,
  }
  const alert = { labels: { host: 'a' }, value: 0.5, threshold: 0.25, unit: '1' }
  expect(alertText(alert, rule(source))).toBe('a: maximum 50%, threshold 25%')
  expect(alertText({ ...alert, unit: '' }, undefined)).toBe('a: 0.5, threshold 0.25')
  expect(alertUnit(rule({ type: 'check', check_id: null }), '')).toBe('')
})
